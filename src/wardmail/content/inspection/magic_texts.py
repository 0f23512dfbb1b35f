"""Signs by which scripts, shortcuts and settings are known although they are plain text."""

from __future__ import annotations

import re

_PATTERNS = (
    ("text/x-shellscript", rb"\A#!\s*/"),
    ("text/x-php", rb"\A\s*<\?php"),
    ("application/hta", rb"<hta:application"),
    ("text/x-wsf", rb"<(?:job|package)\b[^<>]*>\s*(?:<[^<>]*>\s*){0,9}<script\s+language"),
    ("text/x-scriptlet", rb"<scriptlet>|<\w{1,40}:script\s[^<>]{0,500}implements-prefix"),
    ("text/x-msdos-batch", rb"\A\s*(?:@echo\s+off|@?rem\s|@?setlocal)"),
    (
        "text/x-powershell",
        rb"New-Object\s+(?:-ComObject|System\.|Net\.)|Invoke-(?:Expression|WebRequest)"
        rb"|\[System\.Convert\]::FromBase64|powershell(?:\.exe)?\s+-",
    ),
    (
        "text/vbscript",
        rb"\b(?:set\s+\w{1,60}\s*=\s*createobject\s*\(|wscript\.(?:shell|createobject)|on\s+error\s+resume\s+next\s*[\r\n])",
    ),
    (
        "text/javascript",
        rb"new\s+ActiveXObject|WScript\."
        rb"|\A\s*(?:/\*[^*]*\*/\s*|//[^\n]*\n\s*)*+(?:var\s+\w+\s*=|\(?function\s*\w*\s*\(|eval\s*\(|['\"]use strict['\"])",
    ),
    ("application/x-url-shortcut", rb"\A\s*\[InternetShortcut\]"),
    ("application/x-scf", rb"\A\s*\[Shell\]\s*[\r\n]+\s*(?:Command|IconFile)="),
    ("application/x-desktop", rb"\A\s*\[Desktop Entry\]"),
    ("application/x-registry", rb"\A(?:Windows Registry Editor|REGEDIT4)"),
    ("application/x-settingcontent", rb"<PCSettings>|<SearchableContent\s"),
    ("application/x-library-ms", rb"<libraryDescription\b|<persistedQuery\b|<searchConnectorDescription\b"),
    ("application/x-msc", rb"<MMC_ConsoleFile\b"),
    ("application/x-inf", rb"\A(?:;[^\n]*\n|\s)*+\[version\]\s*[\r\n]+\s*signature\s*="),
    ("application/x-web-query", rb"\AWEB\r?\n1\r?\n"),
    ("application/x-sylk", rb"\AID;P"),
    ("text/rtf", rb"\A\s*\{\\rt"),
    ("application/x-jnlp", rb"<jnlp\b"),
    ("application/x-rdp", rb"\A(?:(?!full address:)[a-z ]{1,60}:[isb]:[^\r\n]*\r?\n)*+full address:s:"),
    ("application/x-theme", rb"\A(?:;[^\n]*\n|\s)*+\[Theme\]\s*[\r\n]"),
)
GUESSED = frozenset(
    ("text/javascript", "text/vbscript", "text/x-powershell", "text/x-shellscript", "text/x-php", "text/x-msdos-batch")
)
"""Kinds that a text has by its words alone: what opens it goes by the name."""
_SCRIPTS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)


def kind_of_script(sample: bytes) -> str:
    """Empty for text of no such kind."""
    return next((kind for kind, pattern in _SCRIPTS if pattern.search(sample)), "")
