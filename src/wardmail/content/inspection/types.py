"""Judges a file by its type: what runs, what hides what runs, and what is not what its name says."""

from __future__ import annotations

from collections.abc import Iterator

from wardmail.content.inspection.archives.zip import is_within_a_file
from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import File, extension_of
from wardmail.content.inspection.magic import is_text
from wardmail.content.inspection.magic_texts import GUESSED
from wardmail.content.inspection.names import PROGRAMS
from wardmail.model.inspection import Finding

_EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

_BY_KIND = {
    **dict.fromkeys(
        ("application/x-dosexec", "application/x-elf", "application/x-mach-binary", "application/java-vm",
         "application/x-msi", "application/java-archive", "application/vnd.android.package-archive",
         "application/x-msix", "application/x-dex", "application/wasm", "application/x-xar", "application/x-archive"),
        "type-executable"),
    **dict.fromkeys(
        ("application/hta", "text/x-shellscript", "text/x-msdos-batch", "text/x-powershell", "text/vbscript",
         "text/javascript", "text/x-wsf", "text/x-scriptlet", "text/x-php", "application/x-jnlp"), "type-script"),
    **dict.fromkeys(("application/x-ms-shortcut", "application/x-url-shortcut", "application/x-scf",
                     "application/x-desktop", "application/x-rdp"), "type-shortcut"),
    **dict.fromkeys(("application/x-registry", "application/x-settingcontent", "application/x-library-ms",
                     "application/x-msc", "application/x-inf", "application/x-theme"), "type-settings"),
    **dict.fromkeys(("application/x-iso9660-image", "application/x-udf-image", "application/x-vhd",
                     "application/x-vhdx", "application/x-vmdk", "application/x-qcow", "application/x-ms-wim",
                     "application/x-apple-diskimage", "application/x-raw-disk-image"), "type-disk-image"),
    "application/vnd.ms-htmlhelp": "type-help",
    "application/winhlp": "type-help",
    "application/x-web-query": "type-query",
    "application/x-shockwave-flash": "type-executable",
}  # fmt: skip

_SPOKEN_OF = GUESSED - {"text/x-msdos-batch"}  # nobody writes of one by beginning as it begins
_SCRIPT_ENDINGS = frozenset(
    """
    bat cmd ps1 ps1xml psc1 psm1 vbs vbe vb bas js jse wsf wsh wsc sct ws hta htc sh bash csh ksh command tool terminal
    py pyc pyo pyw pyz pyzw pl applescript scpt msh msh1 msh2 mshxml
    """.split()  # noqa: SIM905
)
_ADD_INS = frozenset(["xll", "wll", "ppam", "xlam", "ppa", "xla"])
_SHORTCUTS = frozenset(["lnk", "scf", "url", "website", "desklink", "mapimail", "desktop", "rdp"])
_IMAGES = frozenset(["iso", "img", "vhd", "vhdx", "udf", "dmg"])
_QUERIES = frozenset(["iqy", "oqy", "dqy", "rqy", "odc", "slk", "udl"])
_SETTINGS = frozenset(["reg", "rgs", "msc", "inf", "theme", "themepack", "deskthemepack", "mobileconfig"])
_HELP = frozenset(("chm", "hlp"))
_PLAIN_WHEN_OWN = frozenset(
    """
    mjs command url img app run action theme job prf vb bas cnt grp ins its ops pcd mcf tool terminal desktop pl msh
    """.split()  # noqa: SIM905
)

_KIND_BY_ENDING = {
    "pdf": ("application/pdf",), "png": ("image/",), "jpg": ("image/",), "jpeg": ("image/",), "gif": ("image/",),
    "bmp": ("image/",), "tif": ("image/",), "tiff": ("image/",), "webp": ("image/",), "txt": ("text/",),
    "csv": ("text/", "application/x-sylk"), "zip": ("application/",), "mp3": ("audio/",), "mp4": ("video/",),
    "doc": ("application/msword", "text/", "application/vnd.openxml", "application/x-ole"),
    "docx": ("application/vnd.openxml", "application/x-ole-encrypted"),
    "xls": ("application/vnd.ms-excel", "text/", "application/vnd.openxml", "application/x-ole"),
    "xlsx": ("application/vnd.openxml", "application/x-ole-encrypted"),
    "pptx": ("application/vnd.openxml", "application/x-ole-encrypted"),
    "wav": ("audio/",), "ics": ("text/",), "vcf": ("text/",), "eml": ("message/", "text/"),
}  # fmt: skip
_HARMLESS_KINDS = (
    "image/",
    "audio/",
    "video/",
    "text/plain",
    "application/x-empty",
    "text/calendar",
    "text/vcard",
    "font/",
    "text/xml",
)


def look_at_type(file: File) -> Iterator[Finding]:
    if _EICAR in file.octets[:2048]:
        yield found("type-test-file", file.path)
    by_content = _BY_KIND.get(file.kind, "")
    if by_content and not _is_excused(file):
        yield found(by_content, file.path, file.kind)
    by_name = _by_name(file)
    if by_name and by_name != by_content:
        yield found(by_name, file.path, f".{_running_extension(file)}")
    yield from _mismatch(file)
    yield from _polyglot(file)


def _is_excused(file: File) -> bool:
    """Text that merely speaks of scripts, as in an attached listing or log, is not run by its ending; a body is only shown."""
    if file.is_body and is_text(file.octets):
        return True
    return file.kind in _SPOKEN_OF and file.extension not in PROGRAMS and bool(file.extension)


def _running_extension(file: File) -> str:
    return next((ending for name in file.names if (ending := extension_of(name)) in PROGRAMS), "")


def _by_name(file: File) -> str:
    ending = _running_extension(file)
    if not ending or (ending in _PLAIN_WHEN_OWN and file.kind.startswith(_HARMLESS_KINDS)):
        return ""
    if ending == "bin":
        return ""  # its content decides: parts of Office documents are called that, the printer's settings among them
    if file.depth and ending in {"js", "mjs", "sh", "com", "prg", "app"} and file.kind.startswith("text/plain"):
        return "type-script"
    for endings, finding_id in (
        (_SCRIPT_ENDINGS, "type-script"),
        (_SHORTCUTS, "type-shortcut"),
        (_IMAGES, "type-disk-image"),
        (_ADD_INS, "type-add-in"),
        (_QUERIES, "type-query"),
        (_HELP, "type-help"),
    ):
        if ending in endings:
            return finding_id
    return "type-settings" if ending.endswith("-ms") or ending in _SETTINGS else "type-executable"


def _mismatch(file: File) -> Iterator[Finding]:
    """Only where it matters: a name or declaration that promises something tamer than what is there."""
    expected = _KIND_BY_ENDING.get(file.extension)
    if expected:
        if not file.kind.startswith(expected + _HARMLESS_KINDS) and not _is_unknown_media(file):
            yield found("type-mismatch", file.path, f".{file.extension}, but {file.kind}")
    elif file.declared.startswith(_MEDIA) and file.kind.startswith(("text/html", "application/")):
        if file.kind in _MEDIA_LIKE:
            return
        yield found("type-mismatch", file.path, f"{file.declared}, but {file.kind}")


_ARCHIVES_WITHOUT_GAPS = frozenset(("application/x-tar", "application/x-7z-compressed", "application/vnd.rar"))
_MEDIA = ("image/", "audio/", "video/")
_MEDIA_LIKE = frozenset(
    ("application/octet-stream", "application/ogg", "application/pdf", "application/postscript", "application/dicom")
)


def _is_unknown_media(file: File) -> bool:
    """Of sound and film there are more kinds than the table knows."""
    return file.kind == "application/octet-stream" and file.extension in {"mp3", "mp4", "wav", "zip"}


def _polyglot(file: File) -> Iterator[Finding]:
    second = (
        _archive_at_end(file.kind, file.octets)
        or _page_in_picture(file.kind, file.octets)
        or _beside_pdf(file.kind, file.octets)
    )
    if second:
        yield found("type-polyglot", file.path, f"{file.kind} and {second}")


def _archive_at_end(kind: str, octets: bytes) -> str:
    """Programs for archives look for them from the end of a file."""
    if not kind.startswith(("image/", "application/pdf", "audio/", "text/rtf", "application/x-ole")):
        return ""
    tail = octets[-66_000:]
    end = tail.rfind(b"PK\x05\x06")
    if end >= 0 and b"PK\x01\x02" in octets and _ends_a_zip(tail[end:]):
        return "application/zip"
    return "application/vnd.rar" if kind != "application/pdf" and b"Rar!\x1a\x07" in octets else ""


def _page_in_picture(kind: str, octets: bytes) -> str:
    if kind not in {"image/gif", "image/bmp", "image/jpeg", "image/png"}:
        return ""
    low = octets[: 64 * 1024].lower()
    return "text/html" if b"<script" in low else "application/x-php" if b"<?php" in low else ""


def _beside_pdf(kind: str, octets: bytes) -> str:
    """Readers take a PDF that begins anywhere in the first 1,024 octets."""
    at = octets.find(b"%PDF-", 0, 1029)
    if at < 0:
        return ""
    if kind != "application/pdf":
        is_packed = kind in _ARCHIVES_WITHOUT_GAPS or (octets.startswith(b"PK") and is_within_a_file(octets, at))
        return "" if is_packed or kind.startswith(("text/", "message/")) else "application/pdf"
    if octets.startswith(b"MZ"):
        return "application/x-dosexec"
    start = octets[:at]
    return "text/html" if (b"<" in start and b">" in start) or b"<script" in octets[:4096].lower() else ""


def _ends_a_zip(end: bytes) -> bool:
    """The count of entries fits, so that it is no chance."""
    return (
        len(end) >= 22 and 0 < int.from_bytes(end[10:12], "little") < 50_000 and end[4:8] in (b"\0\0\0\0", b"\xff" * 4)
    )
