"""Writes an integration's documents for both sides, the application's and the upstream service's, from its record (RECV-7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

from wardmail.manage.document_text import Grid, Page, Pairs, Section
from wardmail.manage.registration import FIELDS, as_texts, value_of
from wardmail.model.classification import Sensitivity
from wardmail.model.integration import Credential, Integration, IntegrationState
from wardmail.model.registration import Direction, Matter, Recorded, SignOff
from wardmail.model.route import Route, RouteKind, TlsLevel, TlsMode
from wardmail.policy.completeness import missing
from wardmail.policy.review import ReviewTerms, deadline_of, override_on, state_on

Side = Literal["application", "upstream"]

_FLOWS = {
    Direction.SEND: "The application sends mail through the gateway to the upstream service.",
    Direction.RECEIVE: "The application receives mail from the upstream service through the gateway.",
    Direction.BOTH: "The application sends and receives mail through the gateway and the upstream service.",
}
_TLS = {
    TlsLevel.VERIFIED: "always, with the server's name verified",
    TlsLevel.ENCRYPTED: "always",
    TlsLevel.NONE: "when it is offered; always and verified for sensitive mail",
}
_BEGINS = {TlsMode.IMPLICIT: "from the first byte", TlsMode.STARTTLS: "by STARTTLS"}
_PEOPLE = ("owner", "deputy", "contacts")
_UPSTREAM = ("upstream_service", "upstream_account", "hosting", "location", "migration_plan", "migration_ends")
_ASSURANCE = ("handles", "clinical", "iams", "dpia", "slsp", "clinical_safety", "cmdb", "review_date", "end_date")
_LINKS = ("application_document", "upstream_document")


@dataclass(frozen=True, slots=True)
class Subject:
    """All that a document tells. `doors` are the gateway's addresses as people write them; `history` lines of the audit."""

    integration: Integration
    route: Route | None
    host_name: str
    doors: tuple[tuple[str, str], ...]
    terms: ReviewTerms
    now: float
    credentials: tuple[Credential, ...] = ()
    contacts: tuple[tuple[str, str], ...] = ()
    history: tuple[tuple[str, ...], ...] = field(default=())

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(self.now, UTC).date()


def document(subject: Subject, side: Side) -> Page:
    """The page for one side; both tell the same of who, what and why, and each how to connect its own end."""
    integration = subject.integration
    middle = _application_end(subject) if side == "application" else _upstream_end(subject)
    reader = "the application's team" if side == "application" else "the team of the upstream service"
    return Page(
        title=f"E-mail integration: {integration.name}",
        summary=f"For {reader}. {_FLOWS[integration.registration.direction]} {integration.registration.purpose}".strip(),
        sections=(
            standing(subject),
            *middle,
            _written("People", subject, _PEOPLE),
            _written("Upstream service", subject, _UPSTREAM),
            _written("Information and assurance", subject, _ASSURANCE),
            _written("Documents", subject, _LINKS),
            Section("Changes", (Grid(("When", "What", "Who", "Why"), subject.history),)),
        ),
        footer=f"Generated {moment(subject.now)} by {subject.host_name} from version "
        f"{integration.registration.version} of the record {integration.id}. Do not edit: change the record.",
    )


def standing(subject: Subject) -> Section:
    """Its state today, and what will change it."""
    integration, today = subject.integration, subject.today
    deadline, override = deadline_of(integration, subject.terms), override_on(integration, today)
    rows = [
        ("Name", integration.id),
        ("State", state_words(state_on(integration, today, subject.terms))),
        ("Went live", _yes_words(integration.registration.signed_off(Matter.GO_LIVE))),
        ("Falls due", f"{deadline.on} ({deadline.cause.name.lower()})" if deadline else "no date"),
    ]
    if override is not None:
        rows.append(("Override", f"until {override.ask.until}: {_yes_words(override)}"))
    lacks = missing(integration)
    if lacks:
        rows.append(("Lacks", ", ".join(each.words for each in lacks)))
    return Section("Standing", (Pairs(tuple(rows)),))


def state_words(state: IntegrationState) -> str:
    return {
        IntegrationState.DRAFT: "draft: sends nothing",
        IntegrationState.TRIAL: "in trial: sandbox and named team recipients only",
        IntegrationState.LIVE: "live",
        IntegrationState.DUE: "due: its mail is held",
        IntegrationState.LAPSED: "lapsed: its mail is refused",
        IntegrationState.SUSPENDED: "suspended: it may not log in, its mail is held",
        IntegrationState.RETIRED: "retired for good",
    }[state]


def moment(at: float) -> str:
    """UTC, because documents travel."""
    return datetime.fromtimestamp(at, UTC).strftime("%-d %B %Y %H:%M UTC")


def written_rows(integration: Integration, names: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
    """Fields of the record as people read them; `names` narrows them."""
    record = integration.registration
    chosen = [each for each in FIELDS if not names or each.name.partition(".")[0] in names]
    return tuple((each.words, _shown(value_of(record, each), ", ".join(as_texts(record, each)))) for each in chosen)


def _shown(value: object, text: str) -> str:
    if isinstance(value, Sensitivity):
        return value.label
    return f"{text} (recorded by {value.by}, {moment(value.at)})" if isinstance(value, Recorded) else text


def _yes_words(given: SignOff | None) -> str:
    return f"asked by {given.ask.by}, approved by {given.by}, {moment(given.at)}" if given else ""


def _written(title: str, subject: Subject, names: tuple[str, ...]) -> Section:
    return Section(title, (Pairs(written_rows(subject.integration, names)),))


def _application_end(subject: Subject) -> Iterator[Section]:
    integration = subject.integration
    yield Section(
        "How the application connects",
        (
            Pairs(
                (
                    *subject.doors,
                    ("TLS", "1.2 or 1.3, always; verify the certificate against the gateway's name"),
                    ("Log-in", "SCRAM-SHA-256, PLAIN or LOGIN, inside TLS; nothing is relayed without it"),
                    ("User names", ", ".join(each.username for each in _in_use(subject))),
                    ("From networks", ", ".join(integration.networks) or "any"),
                    ("May send as", ", ".join(integration.senders)),
                    ("Default classification", integration.default_sensitivity.label),
                    ("Trial recipients", ", ".join(integration.registration.team_recipients) or "none"),
                )
            ),
            "A reply of 250 means that the message is stored. 4xx: try again later. 5xx: do not try again; the text says "
            "why. Messages that cannot be delivered are reported to the envelope sender (RFC 3464).",
        ),
    )
    yield _limits(subject)
    yield _signature(subject)
    if subject.contacts:
        rows = tuple((name.replace("_", " ").capitalize(), who) for name, who in subject.contacts)
        yield Section("Whom to ask", (Pairs(rows),))


def _upstream_end(subject: Subject) -> Iterator[Section]:
    integration, route = subject.integration, subject.route
    ends = _route_rows(route) if route else (("Route", f"{integration.route}, which does not exist"),)
    ours = (("Gateway", subject.host_name), ("Sends as", ", ".join(integration.senders)))
    yield Section("How the gateway connects", (Pairs((*ours, *ends)),))
    yield _limits(subject)


def _route_rows(route: Route) -> tuple[tuple[str, str], ...]:
    name = ("Route", f"{route.name} ({route.kind.value})")
    accredited = route.accreditation
    assured = ("DCB1596", f"{accredited.evidence}, until {accredited.expires}" if accredited else "")
    if route.kind is RouteKind.SANDBOX:
        return name, ("Connects to", "nothing: mail stays in the gateway")
    if route.kind is RouteKind.GOVUK_NOTIFY:
        return name, ("Connects to", "the service's API, by HTTPS with a verified certificate"), assured
    return (
        name,
        ("Connects to", f"{route.host} port {route.port}" if route.host else "the recipients' own servers, port 25"),
        ("TLS", f"1.2 or 1.3, {_TLS[route.tls]}, {_BEGINS[route.tls_mode]}"),
        ("Log-in", f"{route.auth.value} {route.username}".strip()),
        assured,
    )


def _limits(subject: Subject) -> Section:
    limits = subject.integration.limits
    return Section(
        "Ceilings",
        (
            Pairs(
                (
                    ("Messages a minute", _ceiling(limits.messages_per_minute)),
                    ("Messages a day", _ceiling(limits.messages_per_day)),
                    ("Recipients a minute", _ceiling(limits.recipients_per_minute)),
                    ("Recipients a day", _ceiling(limits.recipients_per_day)),
                    ("Recipients a message", _ceiling(limits.recipients_per_message)),
                )
            ),
        ),
    )


def _ceiling(value: int | None) -> str:
    return "none" if value is None else f"{value:,}"


def _signature(subject: Subject) -> Section:
    return Section("Sender's signature", (Pairs(written_rows(subject.integration, ("signature",))),))


def _in_use(subject: Subject) -> tuple[Credential, ...]:
    return tuple(
        each
        for each in subject.credentials
        if each.revoked_at is None and (each.expires_at is None or each.expires_at > subject.now)
    )
