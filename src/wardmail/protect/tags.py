"""Reads the tag lists of DKIM and ARC: `name=value; …` (RFC 6376 section 3.2)."""

from __future__ import annotations

import re

LONGEST = 64 * 1024
MOST_TAGS = 100

_BLANKS = b" \t\r\n"
_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9_]*").fullmatch
_VALUE = re.compile(rb"[!-:<-~\x80-\xff \t\r\n]*").fullmatch
_FOLD = re.compile(r"[ \t\r\n]+")


class BadTags(Exception):
    """Why a tag list cannot be read: a sentence for people that quotes nothing of it."""


def parse_tags(value: bytes) -> dict[str, str]:
    """Values without blanks at their ends, folding within them made one blank. Raises BadTags.

    Names are case-sensitive. A name that stands twice makes the whole list invalid, and so does an empty tag other
    than behind the last semicolon.
    """
    if len(value) > LONGEST:
        raise BadTags(f"its tags are longer than {LONGEST // 1024} KiB")
    pieces = value.split(b";")
    if not pieces[-1].strip(_BLANKS):
        pieces.pop()
    if len(pieces) > MOST_TAGS:
        raise BadTags(f"it has more than {MOST_TAGS} tags")
    tags: dict[str, str] = {}
    for piece in pieces:
        name, text = _tag(piece)
        if name in tags:
            raise BadTags(f"its tag {name}= stands twice")
        tags[name] = text
    return tags


def _tag(piece: bytes) -> tuple[str, str]:
    name, equals, value = piece.partition(b"=")
    name, value = name.strip(_BLANKS), value.strip(_BLANKS)
    if not equals or not _NAME(name) or not _VALUE(value):
        raise BadTags("one of its tags cannot be read")
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise BadTags("one of its tags is neither ASCII nor UTF-8") from error
    return name.decode("ascii"), _FOLD.sub(" ", text)


def without_blanks(text: str) -> str:
    return text.replace(" ", "") if " " in text else text


def listed(text: str) -> list[str]:
    """What a colon-separated value lists, in lower case."""
    return [each.strip().lower() for each in text.split(":")]
