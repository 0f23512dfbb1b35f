"""Which looks a file gets, by its type."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wardmail.content.inspection.archives.iso import look_into_cabinet, look_into_iso
from wardmail.content.inspection.archives.rar import look_at_unread, look_into_rar
from wardmail.content.inspection.archives.sevenzip import look_into_7z
from wardmail.content.inspection.archives.tar import look_into_bzip2, look_into_gzip, look_into_tar, look_into_xz
from wardmail.content.inspection.archives.zip import look_into_zip
from wardmail.content.inspection.file import Allowance, File, Sign
from wardmail.content.inspection.names import look_at_names
from wardmail.content.inspection.types import look_at_type

Look = Callable[[File, Allowance], Iterator[Sign]]


def _names(file: File, _allowance: Allowance) -> Iterator[Sign]:
    yield from look_at_names(file)


def _types(file: File, _allowance: Allowance) -> Iterator[Sign]:
    yield from look_at_type(file)


_ALWAYS: tuple[Look, ...] = (_names, _types)
_UNREAD = (
    "zstd x-compress x-lzip x-installshield x-arj x-ace x-lzh x-zoo x-xar x-udf-image x-vhd x-vhdx x-vmdk x-qcow"
    " vnd.ms-outlook-pst"
)
_BY_KIND: dict[str, tuple[Look, ...]] = {
    **{f"application/{name}": (look_at_unread,) for name in _UNREAD.split()},
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
