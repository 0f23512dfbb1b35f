"""chasquid's DKIM sets: messages with their zones, and what each signature is worth."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.zones import Zone, ask
from wardmail.model.sender import AuthResult, DkimEvidence
from wardmail.protect.body_hash import BodyHashes
from wardmail.protect.dkim_verify import verify_dkim
from wardmail.protocol.raw_message import message_of_file, split_message

FOLDER = Path(os.environ.get("WARDMAIL_VECTORS", Path(__file__).parents[3] / "shared" / "vectors")) / "dkim"
MESSAGES = sorted(FOLDER.glob("*.msg")) if FOLDER.is_dir() else []

WORDS = {
    "SUCCESS": {AuthResult.PASS},
    "TEMPFAIL": {AuthResult.TEMPERROR},
    "PERMFAIL": {AuthResult.FAIL, AuthResult.PERMERROR},
}


def _text(path: Path) -> str:
    """A file may hold only the name of another."""
    text = path.read_text() if path.exists() else ""
    return _text(path.with_name(text.strip())) if text.strip().startswith("0") and "\n" not in text.strip() else text


def _zone(text: str) -> Zone:
    names: dict[str, list[Any]] = {}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        name, _, value = line.partition(": ")
        # Their PERMERROR is a name that does not exist.
        if name and value != "PERMERROR":
            names.setdefault(name, []).append("TIMEOUT" if value == "TEMPERROR" else {"TXT": value})
    return Zone(names)


def _verify(path: Path) -> tuple[DkimEvidence, ...]:
    message = split_message(message_of_file(_text(path).encode()))
    zone = _zone(_text(path.with_suffix(".dns")))
    return ask(verify_dkim(message.fields, BodyHashes(message.octets, message.body_start), now=1_710_000_000), zone)


@pytest.mark.skipif(not MESSAGES, reason=f"no vectors at {FOLDER}")
def test_there_are_eleven_sets() -> None:
    assert len(MESSAGES) == 11


@pytest.mark.parametrize(
    "path", [path for path in MESSAGES if _text(path.with_suffix(".result"))], ids=lambda p: p.stem
)
def test_set(path: Path) -> None:
    expected = json.loads(_text(path.with_suffix(".result")))
    found = _verify(path)
    assert sum(each.result is AuthResult.PASS for each in found) == expected["Valid"], found
    judged = [each for each in found if not each.reason.startswith("not judged")]
    assert len(judged) == expected["Found"]
    for evidence, theirs in zip(judged, expected["Results"], strict=True):
        assert evidence.result in WORDS[theirs["State"]], evidence
        assert evidence.domain == theirs["Domain"] or not theirs["Domain"]
        assert evidence.selector == theirs["Selector"] or not theirs["Selector"]


@pytest.mark.skipif(not MESSAGES, reason=f"no vectors at {FOLDER}")
def test_what_is_no_message_has_no_signature_and_says_so() -> None:
    path = FOLDER / "03-bad_message.msg"
    assert not _verify(path)
    assert split_message(message_of_file(path.read_bytes())).faults


@pytest.mark.skipif(not MESSAGES, reason=f"no vectors at {FOLDER}")
def test_a_limited_body_is_reported() -> None:
    limited = _verify(FOLDER / "09-limited_body.msg")[0]
    assert limited.result is AuthResult.PASS
    assert not limited.whole_body
    assert "l=" in limited.reason
