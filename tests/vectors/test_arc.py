"""ValiMail's suite for RFC 8617: chains that hold, and every way to break one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.zones import Zone, ask
from wardmail.protect.arc import expect_arc, verify_arc
from wardmail.protect.body_hash import BodyHashes
from wardmail.protocol.raw_message import message_of_file, split_message

FILE = (
    Path(os.environ.get("WARDMAIL_VECTORS", Path(__file__).parents[3] / "shared" / "vectors"))
    / "arc"
    / "arc-draft-validation-tests.yml"
)


def _cases() -> Iterator[Any]:
    if not FILE.exists():
        return
    for suite in yaml.safe_load_all(FILE.read_text()):
        for name, case in suite["tests"].items():
            yield pytest.param(suite["txt-records"], case, id=f"{suite['description']}/{name}")


@pytest.mark.skipif(not FILE.exists(), reason=f"no vectors at {FILE}")
@pytest.mark.parametrize(("records", "case"), list(_cases()))
def test_published_case(records: dict[str, str], case: dict[str, Any]) -> None:
    message = split_message(message_of_file(case["message"].encode()))
    zone = Zone({name: [{"TXT": text}] for name, text in records.items()})
    body = BodyHashes(message.octets, message.body_start)
    expect_arc(message.fields, body)
    found = ask(verify_arc(message.fields, body), zone)
    assert found.result.value == (case["cv"] or "None").lower(), found
    assert len(zone.asked) < 60
