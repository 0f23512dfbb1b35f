"""Compares an Exchange Online mobile-device mailbox policy with what the guide asks of mobile access (SHARE-11).

The export is `Get-MobileDeviceMailboxPolicy | ConvertTo-Json`: one policy, or a list of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

LARGEST = 1024 * 1024
MOST_POLICIES = 500
_MEGABYTES = 10 * 1024 * 1024
_WITHIN_30_DAYS = {"OneDay", "ThreeDays", "OneWeek", "TwoWeeks", "OneMonth", 1, 2, 3, 4, 5}
"""`MaxEmailAgeFilter`, by name, or by number as older PowerShell writes it; "All" is 0."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that the guide asks for. `keeps` reads the policy's value."""

    setting: str
    words: str
    wanted: str
    keeps: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    policy: str
    setting: str
    words: str
    found: str
    wanted: str
    kept: bool


class BadExport(Exception):
    """Why a file is no export; a sentence for people."""


def check_mobile_policies(text: str) -> Iterator[PolicyFinding]:
    """Every policy against every demand. Raises BadExport."""
    for policy in _policies(text):
        name = str(policy.get("Name") or policy.get("Identity") or "unnamed")[:200]
        for asked in _ASKED:
            value = policy.get(asked.setting)
            kept = value is not None and asked.keeps(value)
            yield PolicyFinding(name, asked.setting, asked.words, _shown(value), asked.wanted, kept)


def _policies(text: str) -> list[dict[str, Any]]:
    if len(text) > LARGEST:
        raise BadExport("It is larger than such an export can be.")
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadExport("It is no JSON: export it by ConvertTo-Json.") from error
    found = read if isinstance(read, list) else [read]
    if not found or len(found) > MOST_POLICIES or not all(isinstance(each, dict) for each in found):
        raise BadExport("It holds no policies: export it by Get-MobileDeviceMailboxPolicy | ConvertTo-Json.")
    if not any(asked.setting in each for each in found for asked in _ASKED):
        raise BadExport("It has none of the settings of a mobile-device mailbox policy.")
    return found


def _is_on(value: Any) -> bool:
    return value is True


def _is_off(value: Any) -> bool:
    return value is False


def _at_most(limit: int) -> Callable[[Any], bool]:
    return lambda value: (number := _number(value)) is not None and 0 < number <= limit


def _at_most_octets(value: Any) -> bool:
    """`10 MB (10,485,760 bytes)`, or the number alone."""
    exact = re.search(r"\(([\d,]+) bytes\)", value) if isinstance(value, str) else None
    number = _number(exact[1].replace(",", "")) if exact else _number(value)
    return number is not None and number <= _MEGABYTES


def _is_set(value: Any) -> bool:
    """A time span, and not "Unlimited"."""
    return isinstance(value, dict) or (isinstance(value, str) and re.fullmatch(r"[\d.:]+", value) is not None)


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdigit() else None


def _shown(value: Any) -> str:
    return "not in the export" if value is None else str(value)[:100]


_ASKED = (
    Asked("RequireDeviceEncryption", "the device is encrypted", "True", _is_on),
    Asked("PasswordEnabled", "the device has a password", "True", _is_on),
    Asked("MaxInactivityTimeLock", "it locks by itself", "a time", _is_set),
    Asked("MaxPasswordFailedAttempts", "it is wiped after eight failed log-ins", "8 or fewer", _at_most(8)),
    Asked("MaxAttachmentSize", "nothing over 10 MB is downloaded", "10 MB or less", _at_most_octets),
    Asked(
        "MaxEmailAgeFilter",
        "30 days of mail are kept on it",
        "OneMonth or less",
        lambda value: value in _WITHIN_30_DAYS,
    ),
    Asked("AllowNonProvisionableDevices", "devices that cannot keep the policy stay out", "False", _is_off),
)
