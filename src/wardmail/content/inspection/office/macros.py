"""Finds VBA macros and what they would do ([MS-OVBA])."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import File, Sign
from wardmail.content.inspection.office.ole import Ole

_LARGEST_SOURCE = 2 * 1024 * 1024
_MOST_MODULES = 200
_AUTO = re.compile(
    r"\b(?:Auto_?(?:Open|Close|Exec|Exit|New)|Document_?(?:Open|Close|New|BeforeClose|Change)|Workbook_?(?:Open|Activate|BeforeClose"
    r"|BeforeSave)|Worksheet_(?:Activate|Change|Calculate)|\w+_(?:Layout|Resize|Painted|Painting|GotFocus|LostFocus|MouseHover|Click"
    r"|Change|BeforeNavigate2|onConnecting))\b",
    re.IGNORECASE,
)
_RUNS = re.compile(
    r"\b(?:Shell(?:Execute\w?)?\s*[(\"]|Shell\s|CreateObject|GetObject|WScript|powershell|cmd(?:\.exe)?\s*/c|URLDownloadToFile\w?"
    r"|XMLHTTP|WinHttpRequest|ADODB\.Stream|CallByName|ExecuteExcel4Macro|VirtualAlloc\w*|RtlMoveMemory|CreateThread"
    r"|SaveToFile|Environ\s*\(|mshta|rundll32|regsvr32|MacScript|Win32_Process|ExecQuery|StrReverse|Kill\s|\bLib\s+\")",
    re.IGNORECASE,
)


def look_at_macros(file: File, ole: Ole) -> Iterator[Sign]:
    """Macros that run by themselves or reach out of the document are graver than those that a button starts."""
    modules = [each for each in ole.streams if not each.is_storage and _may_be_module(each.path)]
    if not modules and not ole.has("_vba_project", "vba"):
        return
    yield found("office-macro", file.path)
    sources = "\n".join(_source(ole.read(each)) for each in modules[:_MOST_MODULES])
    auto, runs = _AUTO.search(sources), _RUNS.search(sources)
    words = [match[0].strip(' ("') for match in (auto, runs) if match]
    if words or not sources.strip() or len(modules) > _MOST_MODULES:
        yield found("office-macro-auto", file.path, ", ".join(words) or "their source cannot be read")


def _may_be_module(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    within = path.lower().split("/")
    return "vba" in within[:-1] and name not in {"dir", "_vba_project", "project", "projectwm"} and "__srp_" not in name


def _source(octets: bytes) -> str:
    at = octets.find(b"\0Attribut")
    return _decompressed(octets[at - 3 :]).decode("cp1252", "replace") if at >= 3 else ""


def _decompressed(container: bytes) -> bytes:
    """[MS-OVBA] 2.4.1.3.1; ends quietly where the container is damaged."""
    out = bytearray()
    position = 1
    while position + 2 <= len(container) and len(out) < _LARGEST_SOURCE:
        header = int.from_bytes(container[position : position + 2], "little")
        end = min(len(container), position + (header & 0x0FFF) + 3)
        position += 2
        if not header & 0x8000:
            out += container[position : position + 4096]
            position += 4096
            continue
        start = len(out)
        while position < end:
            flags = container[position]
            position += 1
            position = _tokens(container, position, end, flags, out, start)
        position = end
    return bytes(out)


def _tokens(container: bytes, position: int, end: int, flags: int, out: bytearray, start: int) -> int:  # noqa: PLR0917
    for bit in range(8):
        if position >= end:
            break
        if not flags >> bit & 1:
            out.append(container[position])
            position += 1
            continue
        if position + 2 > end:
            return end
        token = int.from_bytes(container[position : position + 2], "little")
        position += 2
        bits = max(4, (len(out) - start - 1).bit_length())
        length = (token & (0xFFFF >> bits)) + 3
        offset = (token >> (16 - bits)) + 1
        if offset > len(out):
            return end
        for _ in range(length):
            out.append(out[-offset])
    return position
