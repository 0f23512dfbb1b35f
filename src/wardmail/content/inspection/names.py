"""Finds file names that are made to deceive: turned around, double endings, pushed out of sight."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wardmail.content.inspection.catalogue import found
from wardmail.content.inspection.file import File, extension_of
from wardmail.model.inspection import Finding
from wardmail.model.steering import CONTROLS, TURNING

PROGRAMS = frozenset(
    """
    exe com scr pif cpl dll sys ocx drv efi msi msp mst msix appx appxbundle msixbundle appinstaller application
    appref-ms appcontent-ms gadget jar bat cmd ps1 ps1xml ps2 psc1 psc2 psm1 psd1 cdxml pssc vbs vbe vb bas js jse mjs
    wsf wsh wsc sct ws hta htc py pyc pyo pyw pyz pyzw pl csh ksh fxp msh msh1 msh2 mshxml applescript scpt terminal
    lnk scf url inf reg rgs msc chm hlp diagcab diagpkg settingcontent-ms search-ms searchconnector-ms library-ms
    website webpnp printerexport desklink mapimail desktop theme themepack deskthemepack iqy oqy dqy rqy odc slk
    xll wll ppam xlam ppa xla vsto vsw adp mde mda maf mam mdw ade accde jnlp sh bash command tool workflow action app
    dmg pkg deb rpm apk appimage run bin elf img iso vhd vhdx udf rdp cer-ms xbap prf prg osd osdx pcd plg ops
    shb shs isp ins its job cnt hpj grp mcf xnk crx xpi mobileconfig air cab-ms udl
    """.split()  # noqa: SIM905
)
"""Endings that start something by themselves on some common system."""

_DOCUMENTS = frozenset(
    """
    pdf doc docx docm xls xlsx xlsm ppt pptx rtf txt csv jpg jpeg png gif bmp tif tiff mp3 mp4 avi htm html eml zip odt
    ods msg wav mov heic
    """.split()  # noqa: SIM905
)
_BIDI = re.compile(f"[{TURNING}]")
_OVERRIDING = re.compile("[\u202d\u202e\u2066-\u2068]")
_CONTROL = re.compile(f"[{CONTROLS}]")
_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200a\u2800\u3000\u3164_]{8,}[^ ]{0,40}\.[A-Za-z0-9]{1,8}\W*$")
_INVISIBLE = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad\u180e\u034f]")
_CLASS_ID = re.compile(r"\.\{[0-9A-Fa-f-]{36}\}\s*$")
_TRAILING = re.compile(r"[. \t\u00a0]+$|::?\$DATA$|:[^\\/:]{1,60}$", re.IGNORECASE)
_UP = re.compile(r"(?:^|[\\/])\.\.(?:[\\/]|$)|^[\\/]|^[A-Za-z]:[\\/]")


def look_at_names(file: File) -> Iterator[Finding]:
    """Every reading of the name counts: one client shows one, another saves the other."""
    seen = set()
    for name in file.names:
        for finding_id in _faults(name[-300:]):
            if finding_id not in seen:
                seen.add(finding_id)
                yield found(finding_id, file.path, f".{extension_of(name)}")
    endings = {extension for name in file.names if (extension := extension_of(_INVISIBLE.sub("", name)))}
    if len(endings) > 1 and (endings & PROGRAMS or len(endings & _DOCUMENTS) != len(endings)):
        yield found("name-conflict", file.path, " and ".join(f".{each}" for each in sorted(endings)[:4]))


def _faults(name: str) -> Iterator[str]:
    ending = extension_of(name)
    checks = {
        "name-bidi": _OVERRIDING.search(name) or (_BIDI.search(name) and extension_of(_BIDI.sub("", name)) in PROGRAMS),
        "name-control": _CONTROL.search(name) or _INVISIBLE.search(ending),
        "name-blanks": _BLANKS.search(name),
        "name-class-id": _CLASS_ID.search(name),
        "name-trailing": _TRAILING.search(name) and extension_of(name.partition(":")[0]) in PROGRAMS,
        "name-homoglyph": any("\u0370" <= each <= "\u1fff" or "\uff00" <= each <= "\uffef" for each in ending),
        "name-double-extension": _has_double_extension(name),
        "name-path": _UP.search(name),
    }
    yield from (finding_id for finding_id, is_so in checks.items() if is_so)


def _has_double_extension(name: str) -> bool:
    """`invoice.pdf.exe`, `invoice.pdf     .exe`; not `setup.v2.exe`."""
    base = _INVISIBLE.sub("", name).replace("\\", "/").rpartition("/")[2].rstrip(". ")
    pieces = [piece.strip(" \u00a0_").lower() for piece in base.split(".")]
    return len(pieces) > 2 and pieces[-1] in PROGRAMS and pieces[-2] in _DOCUMENTS
