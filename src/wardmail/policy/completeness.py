"""What a record must hold before an integration may be live, one requirement a row; which of them apply depends on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from wardmail.model.classification import Sensitivity
from wardmail.model.integration import Integration
from wardmail.model.registration import Hosting, Matter, Registration

HOME = "GB"


class Desk(StrEnum):
    """Who sees to a task."""

    DEVELOPER = "Developer"
    GOVERNANCE = "Information governance"
    INFRASTRUCTURE = "Infrastructure"
    CLINICAL = "Clinical safety"


@dataclass(frozen=True, slots=True)
class Requirement:
    """`words` name what is missing, and are fit for a stranger; `how` is the option that says it."""

    id: str
    desk: Desk
    words: str
    source: str
    how: str
    met: Callable[[Integration], bool]
    needed: Callable[[Integration], bool] = lambda _: True


def is_sensitive(integration: Integration) -> bool:
    """What has not been said counts by its default classification."""
    levels = (integration.default_sensitivity, integration.registration.handles or Sensitivity.OFFICIAL)
    return max(levels) >= Sensitivity.OFFICIAL_SENSITIVE


def is_abroad(integration: Integration) -> bool:
    return bool(integration.registration.location) and integration.registration.location != HOME


def on_premises(integration: Integration) -> bool:
    return integration.registration.hosting is Hosting.ON_PREMISES


def about(integration: Integration, matter: Matter) -> str:
    """What a yes in this matter is a yes to; when it changes, the yes does not count any more."""
    record = integration.registration
    match matter:
        case Matter.ON_PREMISES:
            return f"{record.upstream_service} until {record.migration_ends}"
        case Matter.LOCATION:
            return record.location
        case Matter.GO_LIVE:
            return _digest(integration)
        case Matter.OVERRIDE:
            return ""


def _digest(integration: Integration) -> str:
    """Of the record as people wrote it: nobody is to approve one thing and get another."""
    blank = Registration()
    kept = {
        name: getattr(blank, name)
        for name in (
            *("ticks", "asks", "sign_offs", "incomplete_since", "cmdb_sys_id", "cmdb_at"),
            *("version", "changed_at", "changed_by"),
        )
    }
    plain = replace(integration, registration=replace(integration.registration, **kept))
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:16]


def is_signed_off(integration: Integration, matter: Matter) -> bool:
    given = integration.registration.signed_off(matter)
    return given is not None and given.ask.about == about(integration, matter)


def _says(*names: str) -> Callable[[Integration], bool]:
    return lambda integration: all(getattr(integration.registration, name) not in {None, ""} for name in names)


def _has_cmdb(integration: Integration) -> bool:
    return bool(integration.registration.cmdb_sys_id or integration.registration.cmdb)


REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement(
        "application-document",
        Desk.DEVELOPER,
        "a link to the application's documentation of it",
        "RECV-7",
        "--application-document …",
        _says("application_document"),
    ),
    Requirement(
        "signature",
        Desk.DEVELOPER,
        "the sender's name, role and organisation",
        "SHARE-15",
        "--signature-name … --signature-role … --signature-organisation …",
        lambda integration: integration.registration.signature.is_whole,
    ),
    Requirement("purpose", Desk.GOVERNANCE, "its purpose", "RECV-7", "--purpose …", _says("purpose")),
    Requirement(
        "people", Desk.GOVERNANCE, "an owner and a deputy", "RECV-7", "--owner … --deputy …", _says("owner", "deputy")
    ),
    Requirement(
        "sensitivity",
        Desk.GOVERNANCE,
        "how sensitive its information is, and whether it is clinical",
        "SEC-2",
        "--handles … --clinical …",
        _says("handles", "clinical"),
    ),
    Requirement("iams", Desk.GOVERNANCE, "its IAMS reference", "SEC-3", "--iams …", _says("iams"), is_sensitive),
    Requirement("dpia", Desk.GOVERNANCE, "its DPIA reference", "RECV-7", "--dpia …", _says("dpia")),
    Requirement("slsp", Desk.GOVERNANCE, "its SLSP reference", "RECV-7", "--slsp …", _says("slsp")),
    Requirement(
        "review-date", Desk.GOVERNANCE, "the date of its next review", "RECV-8", "--review-date …", _says("review_date")
    ),
    Requirement(
        "location-sign-off",
        Desk.GOVERNANCE,
        "a sign-off of its location outside the United Kingdom",
        "SHARE-13",
        "wardmail integration sign-off NAME location",
        lambda integration: is_signed_off(integration, Matter.LOCATION),
        lambda integration: is_sensitive(integration) and is_abroad(integration),
    ),
    Requirement(
        "upstream",
        Desk.INFRASTRUCTURE,
        "its upstream service and account",
        "RECV-5",
        "--upstream-service … --upstream-account …",
        _says("upstream_service", "upstream_account"),
    ),
    Requirement(
        "hosting",
        Desk.INFRASTRUCTURE,
        "where the upstream service is hosted",
        "CLOUD-1",
        "--hosting … --location …",
        _says("hosting", "location"),
    ),
    Requirement(
        "migration",
        Desk.INFRASTRUCTURE,
        "a plan and a date for leaving the on-premises service",
        "CLOUD-1",
        "--migration-plan … --migration-ends …",
        _says("migration_plan", "migration_ends"),
        on_premises,
    ),
    Requirement(
        "on-premises-sign-off",
        Desk.INFRASTRUCTURE,
        "an exception for the on-premises service",
        "CLOUD-1",
        "wardmail integration sign-off NAME on-premises",
        lambda integration: is_signed_off(integration, Matter.ON_PREMISES),
        on_premises,
    ),
    Requirement(
        "upstream-document",
        Desk.INFRASTRUCTURE,
        "a link to the upstream service's documentation of it",
        "RECV-7",
        "--upstream-document …",
        _says("upstream_document"),
    ),
    Requirement("cmdb", Desk.INFRASTRUCTURE, "its CMDB record", "RECV-7", "--cmdb …, or wardmail cmdb push", _has_cmdb),
    Requirement(
        "clinical-safety",
        Desk.CLINICAL,
        "its clinical-safety reference",
        "SHARE-14",
        "--clinical-safety …",
        _says("clinical_safety"),
        lambda integration: integration.registration.clinical is True,
    ),
)


def missing(integration: Integration) -> tuple[Requirement, ...]:
    """What the record lacks; empty for a complete one."""
    return tuple(each for each in REQUIREMENTS if each.needed(integration) and not each.met(integration))


def with_gap_noted(integration: Integration, today: date) -> Integration | None:
    """The record with the day since when it lacks something, or without one when it is whole; None: nothing to change."""
    since = integration.registration.incomplete_since
    is_whole = not missing(integration)
    if is_whole == (since is None):
        return None
    record = replace(integration.registration, incomplete_since=None if is_whole else today)
    return replace(integration, registration=record)
