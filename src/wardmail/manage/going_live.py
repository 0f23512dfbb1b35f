"""The task list of going live: what a record must say, what people must vouch for, and what the gateway sees for itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from wardmail.manage.integrations import BadInput
from wardmail.model.integration import Integration
from wardmail.model.person import Permission
from wardmail.model.registration import Tick
from wardmail.model.route import Route, RouteKind
from wardmail.policy.completeness import REQUIREMENTS, Desk, is_sensitive

_SIGNED_UPSTREAM = frozenset({RouteKind.NHSMAIL, RouteKind.EXCHANGE_ONLINE, RouteKind.GOVUK_NOTIFY, RouteKind.SANDBOX})


@dataclass(frozen=True, slots=True)
class Seen:
    """What the gateway knows of its own; `unsigned` are sender domains without a DKIM key."""

    has_credential: bool
    has_delivered: bool
    route: Route | None
    unsigned: tuple[str, ...]
    today: date


@dataclass(frozen=True, slots=True)
class Task:
    """`permission` is set for what a person ticks; `how` says what to do about it."""

    id: str
    desk: Desk
    title: str
    source: str
    done: bool
    how: str
    permission: Permission | None = None
    tick: Tick | None = None
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Vouching:
    """One thing that only people can say."""

    id: str
    desk: Desk
    title: str
    source: str
    permission: Permission
    needed: Callable[[Integration], bool] = lambda _: True


VOUCHED: tuple[Vouching, ...] = (
    Vouching(
        "secret-kept",
        Desk.DEVELOPER,
        "Keep the secret in the application's own keystore",
        "RECV-6",
        Permission.ISSUE_CREDENTIALS,
    ),
    Vouching(
        "failures-handled",
        Desk.DEVELOPER,
        "Handle refusals, delays and reports of failure",
        "SHARE-14",
        Permission.DRAFT_INTEGRATIONS,
    ),
    Vouching(
        "recipients-agreed",
        Desk.GOVERNANCE,
        "Agree whom this application may e-mail",
        "SHARE-1",
        Permission.GOVERN_INTEGRATIONS,
    ),
    Vouching(
        "ceilings-agreed",
        Desk.INFRASTRUCTURE,
        "Agree its ceilings with the upstream service",
        "SEND-3",
        Permission.RUN_INTEGRATIONS,
    ),
    Vouching(
        "hazards-accepted",
        Desk.CLINICAL,
        "Accept the hazards of delayed and held mail",
        "SHARE-14",
        Permission.SIGN_OFF_CLINICAL_SAFETY,
        lambda integration: integration.registration.clinical is True,
    ),
)


def tasks(integration: Integration, seen: Seen) -> tuple[Task, ...]:
    """All that apply to this integration, in the order of the desks."""
    found = [*_observed(integration, seen), *_recorded(integration), *_vouched(integration)]
    return tuple(each for desk in Desk for each in found if each.desk is desk)


def to_do(integration: Integration, seen: Seen) -> tuple[Task, ...]:
    return tuple(each for each in tasks(integration, seen) if not each.done)


def ticked(integration: Integration, tick: Tick, may: Callable[[Permission], bool]) -> Integration | BadInput:
    """A person's word on one task, in place of an earlier one."""
    wanted = _vouching(integration, tick.task)
    if isinstance(wanted, BadInput):
        return wanted
    if not may(wanted.permission):
        return BadInput(f"{tick.by} may not {wanted.permission.words}, which this task needs.")
    record = integration.registration
    kept = tuple(each for each in record.ticks if each.task != tick.task)
    return replace(integration, registration=replace(record, ticks=(*kept, tick)))


def unticked(integration: Integration, task: str) -> Integration | BadInput:
    record = integration.registration
    if not any(each.task == task for each in record.ticks):
        return BadInput(f"{task!r} is not ticked.")
    kept = tuple(each for each in record.ticks if each.task != task)
    return replace(integration, registration=replace(record, ticks=kept))


def _vouching(integration: Integration, task: str) -> Vouching | BadInput:
    found = next((each for each in VOUCHED if each.id == task and each.needed(integration)), None)
    if found is not None:
        return found
    names = ", ".join(each.id for each in VOUCHED if each.needed(integration))
    return BadInput(f"{task!r} is nothing that people tick for {integration.id}. What they tick: {names}.")


def _recorded(integration: Integration) -> list[Task]:
    return [
        Task(
            each.id,
            each.desk,
            f"Record {each.words}",
            each.source,
            each.met(integration),
            each.how if each.how.startswith("wardmail") else f"wardmail integration change NAME {each.how}",
        )
        for each in REQUIREMENTS
        if each.needed(integration)
    ]


def _vouched(integration: Integration) -> list[Task]:
    ticks = {each.task: each for each in integration.registration.ticks}
    return [
        Task(
            each.id,
            each.desk,
            each.title,
            each.source,
            each.id in ticks,
            f"wardmail integration tick NAME {each.id} --reason '…'",
            each.permission,
            ticks.get(each.id),
        )
        for each in VOUCHED
        if each.needed(integration)
    ]


def _observed(integration: Integration, seen: Seen) -> list[Task]:
    route_words, route_is_fit = _route(integration, seen)
    signs = seen.route is None or seen.route.kind in _SIGNED_UPSTREAM
    unsigned = "" if signs else ", ".join(seen.unsigned)
    return [
        Task(
            "credential",
            Desk.DEVELOPER,
            "Have a credential that is in date",
            "SEND-6",
            seen.has_credential,
            "wardmail integration credential add NAME",
            seen="seen in the register",
        ),
        Task(
            "test-message",
            Desk.DEVELOPER,
            "Have a test message delivered",
            "SEND-1",
            seen.has_delivered,
            "wardmail integration trial NAME, then send to one of its team recipients or by a sandbox route",
            seen="seen in the queue",
        ),
        Task(
            "route",
            Desk.INFRASTRUCTURE,
            route_words,
            "SEC-2",
            route_is_fit,
            "wardmail route accredit ROUTE --evidence … --expires …",
            seen="seen in the register",
        ),
        Task(
            "signing",
            Desk.INFRASTRUCTURE,
            f"Sign mail from {unsigned}" if unsigned else "Sign the mail of its sender domains",
            "SHARE-17",
            not unsigned,
            "wardmail domain rotate DOMAIN, and publish what `wardmail domain dns DOMAIN` prints",
            seen="not needed on this route" if signs else "seen in the keystore",
        ),
    ]


def _route(integration: Integration, seen: Seen) -> tuple[str, bool]:
    route = seen.route
    if route is None:
        return "Have a route that exists", False
    if not is_sensitive(integration) or route.kind is RouteKind.SANDBOX:
        return "Have a route", True
    accredited = route.accreditation is not None and route.accreditation.expires >= seen.today
    return "Have a route whose DCB1596 accreditation is in date", accredited
