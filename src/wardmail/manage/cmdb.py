"""Puts integrations into a CMDB, and never into somebody else's record there (RECV-7)."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from wardmail.manage.integrations import BadInput
from wardmail.model.cmdb import CmdbRefused, Reconciled
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.registration import Contact, Recorded
from wardmail.ports import Cmdb

CORRELATION = "correlation"
USUAL_FIELDS = (
    "correlation_id = correlation",
    "name = title",
    "short_description = purpose",
    "operational_status = operational_status",
    "comments = summary",
)
_OPERATIONAL = {IntegrationState.LIVE: "1", IntegrationState.RETIRED: "6"}
"""ServiceNow's own choices of operational_status: 1 operational, 2 non-operational, 6 retired."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of one integration, or would come of it."""

    integration: str
    operation: str
    sys_id: str


@dataclass(frozen=True, slots=True)
class NotPushed:
    integration: str
    reason: str


def correlation_of(integration: Integration, gateway: str) -> str:
    """Unique over all gateways that one CMDB knows."""
    return f"wardmail/{gateway}/{integration.id}"


def _summary(integration: Integration) -> str:
    record = integration.registration
    parts = (
        f"E-mail integration {integration.id}",
        f"owner {record.owner}" if record.owner else "",
        f"deputy {record.deputy}" if record.deputy else "",
        f"service {record.upstream_service}, account {record.upstream_account}" if record.upstream_service else "",
        f"documents {record.application_document} {record.upstream_document}".rstrip(),
        f"IAMS {record.iams.text}" if record.iams else "",
        f"review by {record.review_date}" if record.review_date else "",
    )
    return "; ".join(part for part in parts if part)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case Recorded(text=text):
            return text
        case Contact():
            return str(value)
        case _:
            return str(value)


_OURS: Mapping[str, Callable[[Integration], object]] = {
    "id": lambda i: i.id,
    "title": lambda i: i.name,
    "state": lambda i: i.state.value,
    "operational_status": lambda i: _OPERATIONAL.get(i.state, "2"),
    "classification": lambda i: (i.registration.handles or i.default_sensitivity).label,
    "route": lambda i: i.route,
    "senders": lambda i: ", ".join(i.senders),
    "summary": _summary,
    "owner_email": lambda i: i.registration.owner and i.registration.owner.email,
    "deputy_email": lambda i: i.registration.deputy and i.registration.deputy.email,
    **{
        name: lambda i, name=name: getattr(i.registration, name)  # type: ignore[misc]
        for name in (
            *("purpose", "direction", "owner", "deputy", "hosting", "location", "upstream_service", "upstream_account"),
            *("iams", "dpia", "slsp", "clinical_safety", "application_document", "upstream_document"),
            *("review_date", "end_date", "version"),
        )
    },
}


def read_map(lines: Sequence[str]) -> tuple[tuple[str, str], ...] | BadInput:
    """`cmdb.fields` of the settings: 'cmdb_field = our_field'. Our correlation ID must be among them."""
    pairs = []
    for line in lines or USUAL_FIELDS:
        theirs, _, ours = (part.strip() for part in line.partition("="))
        if not theirs.isidentifier() or (ours not in _OURS and ours != CORRELATION):
            names = ", ".join((CORRELATION, *_OURS))
            return BadInput(f"{line!r} is not 'cmdb_field = our_field'. Our fields: {names}.")
        pairs.append((theirs, ours))
    if CORRELATION not in {ours for _, ours in pairs}:
        return BadInput("No field is mapped to correlation: without it, a record could not be found again.")
    return tuple(pairs)


def values_of(integration: Integration, fields: Sequence[tuple[str, str]], gateway: str) -> dict[str, str]:
    """The record under the CMDB's names; what has not been said is empty."""
    return {
        theirs: correlation_of(integration, gateway) if ours == CORRELATION else _text(_OURS[ours](integration))
        for theirs, ours in fields
    }


async def push(
    cmdb: Cmdb, integration: Integration, values: Mapping[str, str], correlation: str, *, dry_run: bool, adopt: bool
) -> Pushed | NotPushed:
    """Look, ask what would happen, do it, and look again. Raises Unavailable."""
    name = integration.id
    found = await cmdb.find(correlation)
    if any(each.correlation != correlation for each in found):
        # An invalid part of a query is ignored there without a word, and then everything matches.
        return NotPushed(
            name, "the CMDB found records that do not carry our correlation ID: is that field in its table?"
        )
    if len(found) > 1:
        return NotPushed(name, f"{len(found)} records carry the correlation ID {correlation}; leave one of them")
    known = found[0].sys_id if found else ""
    planned = await cmdb.reconcile(values, correlation, commit=False)
    if isinstance(planned, CmdbRefused):
        return NotPushed(name, planned.reason)
    why = await _why_not(cmdb, planned, known, correlation, adopt=adopt)
    if why:
        return NotPushed(name, why)
    if dry_run:
        return Pushed(name, planned.operation, planned.sys_id)
    return await _commit(cmdb, integration, values, correlation)


async def _commit(
    cmdb: Cmdb, integration: Integration, values: Mapping[str, str], correlation: str
) -> Pushed | NotPushed:
    done = await cmdb.reconcile(values, correlation, commit=True)
    if isinstance(done, CmdbRefused):
        return NotPushed(integration.id, done.reason)
    written = await cmdb.read(done.sys_id) if done.sys_id else None
    if written is None or written.correlation != correlation:
        return NotPushed(
            integration.id,
            f"the CMDB says {done.operation}, but record {done.sys_id or '(none)'} does not carry our correlation ID: "
            "look at its reconciliation rules and access controls",
        )
    return Pushed(integration.id, done.operation, done.sys_id)


async def _why_not(cmdb: Cmdb, planned: Reconciled, known: str, correlation: str, *, adopt: bool) -> str:
    """Identification goes by rules of the CMDB's own (a name, say), and may hit a record that is none of ours."""
    if not planned.sys_id or planned.sys_id == known:
        return ""
    if known:
        return f"it would write into {planned.sys_id}, and ours is {known}"
    other = await cmdb.read(planned.sys_id)
    if other is not None and other.correlation == correlation:
        return ""
    if other is None or other.correlation:
        return (
            f"it would write into {planned.sys_id}, which belongs to {other.correlation if other else 'somebody else'}"
        )
    return (
        ""
        if adopt
        else f"{planned.sys_id} ({other.name}) is there already, and is nobody's: say --adopt to take it over"
    )


def to_csv(rows: Iterable[Mapping[str, str]]) -> str:
    """A cell that a spreadsheet would run as a formula is written as text."""
    listed = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(listed[0]) if listed else [], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(
        {name: f"'{value}" if value.startswith(_FORMULA) else value for name, value in row.items()} for row in listed
    )
    return out.getvalue()
