"""The hazard log names tests that exist, and is what its data say (SHARE-14)."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HAZARDS = tomllib.loads((ROOT / "docs/clinical-safety/hazards.toml").read_text())["hazard"]


def test_every_control_is_shown_by_a_test_that_exists() -> None:
    missing = [
        control["test"]
        for hazard in HAZARDS
        for control in hazard["controls"]
        if not (ROOT / control["test"]).is_file()
    ]
    assert missing == []


def test_controls_lower_the_risk_and_ids_are_unique() -> None:
    assert len({hazard["id"] for hazard in HAZARDS}) == len(HAZARDS)
    for hazard in HAZARDS:
        severity, likelihood = hazard["left"]
        assert severity * likelihood < hazard["severity"] * hazard["likelihood"], hazard["id"]


def test_the_page_is_up_to_date() -> None:
    assert subprocess.run([sys.executable, str(ROOT / "scripts/hazard-log"), "--check"], check=False).returncode == 0
