"""Evidence packs: which parts each kind of reader is given, as one page."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from wardmail.manage import evidence_of_arrivals as inbound
from wardmail.manage import evidence_of_upstream as upstream
from wardmail.manage import evidence_tables as tables
from wardmail.manage.document_text import Grid, Page, Section
from wardmail.manage.evidence_tables import Table, moment
from wardmail.model.evidence import Evidence


class PackKind(StrEnum):
    DCB1596 = "dcb1596"
    DSPT = "dspt"
    INCIDENT = "incident"


_TITLES = {
    PackKind.DCB1596: "Evidence for the secure email standard (DCB1596)",
    PackKind.DSPT: "Evidence for the Data Security and Protection Toolkit",
    PackKind.INCIDENT: "Incident pack",
}

_PARTS: Mapping[PackKind, tuple[Table, ...]] = {
    PackKind.DCB1596: (
        tables.summary,
        tables.connections,
        tables.routes,
        tables.transport,
        tables.integrations,
        upstream.places,
        tables.agreements,
        tables.policy,
        tables.holds,
        tables.destinations,
        tables.lists,
        upstream.readiness,
        tables.audit,
    ),
    PackKind.DSPT: (
        tables.summary,
        tables.by_integration,
        tables.refused,
        tables.integrations,
        upstream.places,
        tables.people,
        tables.connections,
        tables.holds,
        upstream.readiness,
        tables.changes,
        tables.audit,
    ),
    PackKind.INCIDENT: (
        tables.summary,
        tables.by_integration,
        tables.refused,
        tables.holds,
        inbound.arrivals,
        inbound.inbound_decisions,
        tables.connections,
        tables.policy,
        tables.people,
        tables.changes,
        tables.audit,
    ),
}

_CLAIMS: tuple[tuple[str, str, str], ...] = (
    ("P3", "TLS encrypts data in transit", "Connection inventory; Protection required"),
    ("P4", "SPF, DKIM and DMARC of our domains", "wardmail domain dns: records to publish; not checked by this pack"),
    ("P8", "Location agreed, or signed off by the board", "Register of integrations; Where copies are kept"),
    (
        "O4",
        "How staff send to systems that are not secure",
        "Sharing agreements and risk appetite; Held messages; Policy",
    ),
    ("O1", "Breaches are notified", "Not kept by the gateway: the organisation's own process"),
    ("P1", "An information security management system", "Not kept by the gateway: the organisation's own evidence"),
    ("P2", "Penetration tests", "Not kept by the gateway: the organisation's own evidence"),
    (
        "P7",
        "Clinical safety case",
        "docs/clinical-safety: hazard log of the software; the local case is the organisation's",
    ),
)
"""What DCB1596 asks for, by the number that the design gives it, and where this pack answers, or does not."""


def pack(kind: PackKind, evidence: Evidence, about: tuple[Section, ...] = ()) -> Page:
    """`about`: sections on what an incident was about, which go first."""
    since, until = moment(evidence.period.since), moment(evidence.period.until)
    sections = [*about, *(table(evidence) for table in _PARTS[kind])]
    if kind is PackKind.DCB1596:
        sections.insert(
            0, Section("What is asked, and where it is answered", (Grid(("No.", "Asked", "Answered by"), _CLAIMS),))
        )
    return Page(
        _TITLES[kind],
        f"{evidence.hostname}, from {since} until {until}. Figures come from the gateway's own store; no content is shown.",
        tuple(sections),
        f"Made by {evidence.by} on {moment(evidence.at)} with {evidence.software}.",
    )
