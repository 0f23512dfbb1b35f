"""The openspf suite for RFC 7208."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.zones import Zone, ask
from wardmail.posture.spf import check_spf

FILE = (
    Path(os.environ.get("WARDMAIL_VECTORS", Path(__file__).parents[3] / "shared" / "vectors"))
    / "spf"
    / "rfc7208-tests.yml"
)


def _cases() -> Iterator[Any]:
    if not FILE.exists():
        return
    for suite in yaml.safe_load_all(FILE.read_text()):
        for name, case in suite["tests"].items():
            yield pytest.param(suite["zonedata"], case, id=f"{suite['description']}/{name}")


@pytest.mark.skipif(not FILE.exists(), reason=f"no vectors at {FILE}")
@pytest.mark.parametrize(("zone", "case"), list(_cases()))
def test_published_case(zone: dict[str, Any], case: dict[str, Any]) -> None:
    asked = Zone(zone)
    found = ask(check_spf(case["host"], case["helo"], case.get("mailfrom") or ""), asked)
    expected = case["result"] if isinstance(case["result"], list) else [case["result"]]
    assert found.verdict.value in expected, found
    if "explanation" in case and case["explanation"] != "DEFAULT":
        assert found.explanation == case["explanation"]
    assert len(asked.asked) < 60
