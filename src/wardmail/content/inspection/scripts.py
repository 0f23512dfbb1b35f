"""What the script of a page does, as far as its words tell: build a file, start a program, lead away, hide."""

from __future__ import annotations

import re

_BUILDS = re.compile(
    r"\batob(?:\s*\(|['\"])|fromCharCode|Uint8Array|unescape\s*\(|decodeURIComponent\s*\(|base64|\\x[0-9a-f]{2}\\x",
    re.IGNORECASE,
)
_GIVES = re.compile(
    r"\bnew\s+Blob\b|createObjectURL|msSaveOrOpenBlob|\.download\s*=|setAttribute\(\s*['\"]download|document\.write|\beval\s*\("
    r"|\.innerHTML\s*=|(?:window|document|top|self)?\.?location(?:\.href)?\s*=|location\.(?:replace|assign)",
    re.IGNORECASE,
)
_STARTS = re.compile(
    r"\bActiveXObject\b|\bCreateObject\s*\(|WScript\.|Shell\.Application|\bms-(?:msdt|search|officecmd|appinstaller):|search-ms:",
    re.IGNORECASE,
)
_HIDES = re.compile(
    r"\b_0x[0-9a-f]{4,6}\b|[\[\]()!+]{40}|\$=~\[\]|(?:\\x[0-9a-f]{2}){4}|(?:\\u00[0-9a-f]{2}){4}"
    r"|['\"](?:eval|atob|fromCharCode|createObjectURL|Function)['\"]"
    r"|\bimport\s*\(\s*['\"]data:|\beval\s*\(|\bnew\s+Function\s*\(",
    re.IGNORECASE,
)
_LEADS = re.compile(
    r"\b(?:(?:window|document|top|self|parent)\s*\.\s*)location(?:\s*\.\s*href)?\s*=(?!=)"
    r"|(?<!var )(?<!let )(?<!const )(?<![\w.$-])location\s*=(?!=)"
    r"|\blocation\s*\.\s*(?:href\s*=(?!=)|(?:replace|assign)\s*\()",
    re.IGNORECASE,
)
_JOINED = re.compile(r"(['\"])\s*\+\s*\1")


def acts_of(script: str) -> list[str]:
    """IDs of findings. Words that were cut into pieces are joined first."""
    whole = _JOINED.sub("", script)
    acts = [finding_id for finding_id, pattern in _ACTS if pattern.search(whole)]
    return [*acts, "html-smuggling"] if _BUILDS.search(whole) and _GIVES.search(whole) else acts


_ACTS = (("html-starts-program", _STARTS), ("html-script-hidden", _HIDES), ("html-leads-away", _LEADS))
