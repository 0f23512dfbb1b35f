"""Rows of what came in, to the house's own words and back."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row

from wardmail.model.arrival import Arrival, ArrivalChange, ArrivalState, Arrived, SeenItem
from wardmail.model.message import TlsSession
from wardmail.model.retention import kept_until
from wardmail.model.stored import Event
from wardmail.store.rows import group_at


def arrival_row(arrived: Arrived) -> tuple[object, ...]:
    """In the order of the table's columns."""
    each, tls = arrived.arrival, arrived.arrival.tls or TlsSession("", "")
    return (
        each.id,
        each.source,
        each.integration,
        each.via,
        each.peer,
        each.helo,
        tls.version,
        tls.cipher,
        each.exception,
        each.sender,
        json.dumps(each.recipients, ensure_ascii=False),
        int(each.smtputf8),
        arrived.raw.size,
        each.received_at,
        each.state.value,
        each.action,
        json.dumps(each.findings),
        each.attempts,
        each.due_at,
        arrived.lease_owner,
        each.why,
        each.proposed_by,
        each.received_at,
        group_of(arrived),
        kept_until(each.received_at, arrived.retention_days),
    )


def address_rows(arrival: Arrival) -> list[tuple[str, str]]:
    """By each address once."""
    addresses = {each.lower() for each in (arrival.sender, *arrival.recipients) if each}
    return [(address, arrival.id) for address in sorted(addresses)]


def group_of(arrived: Arrived) -> str:
    return group_at(arrived.arrival.received_at, arrived.retention_days)


def received_event(arrived: Arrived) -> Event:
    """No address here: the audit outlives the content."""
    each = arrived.arrival
    detail: dict[str, object] = {
        "source": each.source,
        "integration": each.integration,
        "via": each.via,
        "peer": each.peer,
        "tls": each.tls.version if each.tls else "",
        "size": arrived.raw.size,
        "from": each.sender.rpartition("@")[2],
        "to": sorted({address.rpartition("@")[2] for address in each.recipients}),
    }
    if each.exception:
        detail["exception"] = each.exception
    return Event("MailReceived", each.received_at, "wardmail", each.id, "arrival", detail)


def change_event(change: ArrivalChange, at: float) -> Event:
    detail: dict[str, object] = {"state": change.state.value, **change.detail}
    if change.why:
        detail["why"] = change.why
    return Event(change.kind, at, change.actor, change.id, "arrival", detail)


def as_arrival(row: Row[Any]) -> Arrival:
    return Arrival(
        id=row.id,
        source=row.source,
        integration=row.integration_id,
        via=row.via,
        received_at=row.received_at,
        size=row.size,
        peer=row.peer,
        helo=row.helo,
        tls=TlsSession(row.tls_version, row.tls_cipher) if row.tls_version else None,
        exception=row.exception,
        sender=row.sender,
        recipients=tuple(json.loads(row.recipients)),
        smtputf8=bool(row.flags & 1),
        state=ArrivalState(row.state),
        action=row.action,
        findings=tuple(json.loads(row.findings)),
        attempts=row.attempts,
        due_at=row.due_at,
        why=row.why,
        proposed_by=row.proposed_by,
        updated_at=row.updated_at,
    )


def as_seen(row: Row[Any]) -> SeenItem:
    return SeenItem(row.source, row.key, row.arrival_id, row.first_seen_at, row.problem, row.settled_at)
