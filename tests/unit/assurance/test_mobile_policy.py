"""Mobile-device mailbox policies, as Exchange Online exports them, against the guide (SHARE-11)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wardmail.assurance.mobile_policy import LARGEST, BadExport, check_mobile_policies

GOOD: dict[str, Any] = {
    "Name": "Default",
    "RequireDeviceEncryption": True,
    "PasswordEnabled": True,
    "MaxInactivityTimeLock": "00:15:00",
    "MaxPasswordFailedAttempts": "8",
    "MaxAttachmentSize": "10 MB (10,485,760 bytes)",
    "MaxEmailAgeFilter": "OneMonth",
    "AllowNonProvisionableDevices": False,
}


def _failed(**changes: Any) -> set[str]:
    return {each.setting for each in check_mobile_policies(json.dumps(GOOD | changes)) if not each.kept}


def test_a_policy_that_keeps_everything() -> None:
    assert _failed() == set()
    assert len(list(check_mobile_policies(json.dumps([GOOD, GOOD])))) == 14


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("RequireDeviceEncryption", False),
        ("RequireDeviceEncryption", "True"),
        ("RequireDeviceEncryption", None),
        ("PasswordEnabled", False),
        ("MaxInactivityTimeLock", "Unlimited"),
        ("MaxPasswordFailedAttempts", "Unlimited"),
        ("MaxPasswordFailedAttempts", 9),
        ("MaxPasswordFailedAttempts", 0),
        ("MaxPasswordFailedAttempts", True),
        ("MaxAttachmentSize", "Unlimited"),
        ("MaxAttachmentSize", "11 MB (11,534,336 bytes)"),
        ("MaxEmailAgeFilter", "All"),
        ("MaxEmailAgeFilter", 0),
        ("AllowNonProvisionableDevices", True),
    ],
)
def test_what_falls_short_is_named(setting: str, value: Any) -> None:
    assert _failed(**{setting: value}) == {setting}


@pytest.mark.parametrize("text", ["", "[]", "[1]", "{}", "null", '{"Name": "x"}', "[" * 100_000, "x" * (LARGEST + 1)])
def test_what_is_no_export(text: str) -> None:
    with pytest.raises(BadExport):
        list(check_mobile_policies(text))
