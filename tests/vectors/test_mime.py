"""Messages of mail-parser and mime4j: whatever those readers find in them, ours finds too.

More may be found, because ours reads as every client at once; a part that theirs has and ours lacks is a fault.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from wardmail.content.inspection import inspect
from wardmail.content.mime.leaf import Leaf
from wardmail.content.mime.reader import read_message
from wardmail.content.mime.words import decoded

_HERE = Path(os.environ.get("WARDMAIL_VECTORS") or Path(__file__).parents[3] / "shared" / "vectors") / "mime"
_MAIL_PARSER = sorted((_HERE / "mail-parser").rglob("*.eml")) if _HERE.is_dir() else []
_MIME4J = sorted((_HERE / "mime4j").rglob("*.msg")) if _HERE.is_dir() else []

_UNDECODED = "mail-parser leaves uuencode as it is; here it is decoded, as clients do"
_INNER_FIRST = "a delimiter of the outer multipart is content there, and ends the inner one here"
_OTHERWISE_HERE: dict[str, str] = {
    "legacy/017": _UNDECODED,
    "legacy/026": _UNDECODED,
    "legacy/048": _UNDECODED,
    "malformed/009": _INNER_FIRST,
    "malformed/011": _INNER_FIRST,
    "malformed/012": _INNER_FIRST,
    "malformed/016": _INNER_FIRST,
    "rfc/000": "text that says that it is base64 and is none is left as it is there, and decoded as far as it goes here",
    "thirdparty/002": "the same, for letters after the padding",
    "thirdparty/005": "a delimiter that does not begin its line counts there",
    "frag": "the last, cut group of base64 is decoded here",
    "multi-frag": "the last, cut group of base64 is decoded here",
    "x-gzip64": "an unknown encoding there; here it is taken for base64, and the gzip inside is unpacked",
    "ending-boundaries": "a closing delimiter with words after it ends a part there; here it keeps the message back",
    "malformedHeaderStartsBody-nocrlfcrlf": "fields after a line that is none are dropped from the text there",
    "malformedHeaderStartsBody-noheader": "the second line is taken for a field and dropped there",
}
"""Files whose expected parts are another reader's choice, and why ours differs."""


@pytest.mark.skipif(not _MAIL_PARSER, reason="the published MIME vectors are not beside the project")
def test_the_vectors_are_there() -> None:
    assert len(_MAIL_PARSER) > 100
    assert len(_MIME4J) > 60


@pytest.mark.parametrize("path", _MAIL_PARSER, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_part_that_mail_parser_finds(path: Path) -> None:
    key = f"{path.parent.name}/{path.stem}"
    if key in _OTHERWISE_HERE:
        pytest.skip(_OTHERWISE_HERE[key])
    raw = path.read_bytes()
    ours = {_squeezed(text) for leaf in read_message(raw)[0] for text in _readings(leaf)}
    expected = json.loads(path.with_suffix(".json").read_text())
    missing = [text[:80] for text in _expected_texts(expected) if text and _squeezed(text) not in ours]
    assert missing == []
    inspect(raw)


@pytest.mark.parametrize("path", _MIME4J, ids=lambda path: path.stem)
def test_every_part_that_mime4j_finds(path: Path) -> None:
    if path.stem in _OTHERWISE_HERE:
        pytest.skip(_OTHERWISE_HERE[path.stem])
    raw = path.read_bytes()
    ours = {_squeezed_octets(leaf.octets) for leaf in read_message(raw)[0]}
    missing = [
        name
        for name in _expected_files(path)
        if (content := _squeezed_octets((path.parent / name).read_bytes())) and content not in ours
    ]
    assert missing == []
    inspect(raw)


def _readings(leaf: Leaf) -> Iterator[str]:
    yield decoded(leaf.octets, leaf.charset)
    yield decoded(leaf.octets, "")
    yield leaf.octets.decode("latin-1")
    yield leaf.octets.decode("utf-8", "replace")


def _expected_texts(message: dict[str, Any]) -> Iterator[str]:
    for part in message["parts"]:
        for kind, body in part["body"].items():
            if kind in ("Text", "Html"):
                yield body
            elif kind in ("Binary", "InlineBinary"):
                yield bytes(body).decode("latin-1") if isinstance(body, list) else body
            elif kind == "Message":
                yield from _expected_texts(body)


def _expected_files(path: Path) -> list[str]:
    """Names of files beside it that hold the decoded bodies."""
    wanted = path.parent / f"{path.stem}_decoded.xml"
    if not wanted.exists():
        return []
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", wanted.read_text("utf-8", "replace"))
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return re.findall(r'<(?:text|binary)-body name="([^"]+)"', text)
    return [each.get("name", "") for each in tree.iter() if each.tag in ("text-body", "binary-body")]


def _squeezed(text: str) -> str:
    """Line ends and the break before a delimiter are the reader's choice."""
    return "".join(text.replace("\ufeff", "").split())


def _squeezed_octets(octets: bytes) -> bytes:
    return b"".join(octets.split())
