"""Which looks a file gets, by its type."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wardmail.content.inspection.archives.iso import look_into_cabinet, look_into_iso
from wardmail.content.inspection.archives.rar import look_at_unread, look_into_rar
from wardmail.content.inspection.archives.sevenzip import look_into_7z
from wardmail.content.inspection.archives.tar import look_into_bzip2, look_into_gzip, look_into_tar, look_into_xz
from wardmail.content.inspection.archives.zip import look_into_zip
from wardmail.content.inspection.cards import look_into_card
from wardmail.content.inspection.file import Allowance, File, Sign
from wardmail.content.inspection.magic_table import OLE_MARKS, ZIP_MARKS
from wardmail.content.inspection.names import look_at_names
from wardmail.content.inspection.office.binary import look_into_encrypted, look_into_mso, look_into_ole
from wardmail.content.inspection.office.ooxml import look_into_flat, look_into_ooxml
from wardmail.content.inspection.office.others import look_into_onenote, look_into_table, look_into_tnef
from wardmail.content.inspection.office.rtf import look_into_rtf
from wardmail.content.inspection.page import look_into_page, look_into_picture, look_into_text, look_into_xml
from wardmail.content.inspection.pdf import look_into_pdf
from wardmail.content.inspection.types import look_at_type
from wardmail.content.inspection.wrappings import look_at_wrapping

Look = Callable[[File, Allowance], Iterator[Sign]]


def _names(file: File, _allowance: Allowance) -> Iterator[Sign]:
    yield from look_at_names(file)


def _types(file: File, _allowance: Allowance) -> Iterator[Sign]:
    yield from look_at_type(file)


_ALWAYS: tuple[Look, ...] = (_names, _types, look_at_wrapping)
_UNREAD = (
    "zstd x-compress x-lzip x-installshield x-arj x-ace x-lzh x-zoo x-xar x-udf-image x-vhd x-vhdx x-vmdk x-qcow"
    " x-ms-wim x-apple-diskimage x-raw-disk-image vnd.ms-outlook-pst x-szdd x-cpio x-sis mac-binhex40 msaccess"
)
_BY_KIND: dict[str, tuple[Look, ...]] = {
    **{f"application/{name}": (look_at_unread,) for name in _UNREAD.split()},
    **{kind: (look_into_ole,) for mark, kind in OLE_MARKS},
    **{kind: (look_into_ooxml,) for mark, kind in ZIP_MARKS if "office" in kind or "opendocument" in kind},
    "application/x-ole": (look_into_ole,),
    "application/x-ole-encrypted": (look_into_encrypted,),
    "application/x-ooxml": (look_into_ooxml,),
    "application/x-mso": (look_into_mso,),
    "text/rtf": (look_into_rtf,),
    "text/xml": (look_into_flat, look_into_xml),
    "text/plain": (look_into_table, look_into_text),
    "text/html": (look_into_page,),
    "text/calendar": (look_into_card,),
    "text/vcard": (look_into_card,),
    "application/hta": (look_into_page,),
    "image/svg+xml": (look_into_picture,),
    "application/pdf": (look_into_pdf,),
    "application/x-sylk": (look_into_table,),
    "application/onenote": (look_into_onenote,),
    "application/ms-tnef": (look_into_tnef,),
    "application/zip": (look_into_zip,),
    "application/java-archive": (look_into_zip,),
    "application/epub+zip": (look_into_zip,),
    "application/vnd.android.package-archive": (look_into_zip,),
    "application/x-tar": (look_into_tar,),
    "application/gzip": (look_into_gzip,),
    "application/x-bzip2": (look_into_bzip2,),
    "application/x-xz": (look_into_xz,),
    "application/x-lzma": (look_into_xz,),
    "application/x-7z-compressed": (look_into_7z,),
    "application/vnd.rar": (look_into_rar,),
    "application/x-iso9660-image": (look_into_iso,),
    "application/vnd.ms-cab-compressed": (look_into_cabinet,),
}


def looks_for(file: File) -> tuple[Look, ...]:
    return _ALWAYS + _BY_KIND.get(file.kind, ())
