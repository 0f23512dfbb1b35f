"""The parts that evidence packs are put together from: each a section of a page, made from gathered figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from math import inf

from wardmail.manage.document_text import Grid, Pairs, Section
from wardmail.model.classification import Sensitivity
from wardmail.model.evidence import MOST_EVENTS, Door, Evidence, Link
from wardmail.model.person import Role
from wardmail.model.route import AuthMechanism, Route, TlsLevel
from wardmail.policy.agreement_endings import endings
from wardmail.policy.rules import BUILT_IN_RULES

Table = Callable[[Evidence], Section]

CONNECTION_HEADINGS = ("Way", "Where", "Encryption required", "Authentication", "Last used")

_MOST_ROWS = 200


def summary(evidence: Evidence) -> Section:
    """How much went where, for whom it was, and how it fared."""
    totals: dict[str, int] = {}
    for count in evidence.outcomes:
        totals[count.words[3]] = totals.get(count.words[3], 0) + count.copies
    rows = tuple((state, f"{copies:,}") for state, copies in sorted(totals.items(), key=lambda item: -item[1]))
    return Section("Messages in the period", (grid(("Status", "Copies"), rows),))


def by_integration(evidence: Evidence) -> Section:
    rows = [
        (words[0], Sensitivity(int(words[1])).label, words[2], words[3], f"{count.copies:,}")
        for count in evidence.outcomes[:_MOST_ROWS]
        for words in [count.words]
    ]
    headings = ("Integration", "Classification", "Decided", "Status", "Copies")
    more = _cut("first", len(evidence.outcomes))
    return Section("Messages by integration and classification", (*more, grid(headings, rows)))


def destinations(evidence: Evidence) -> Section:
    """SHARE-18: what went securely, by whom it was for."""
    rows = [(count.words[0], count.words[1], f"{count.copies:,}") for count in evidence.destinations[:_MOST_ROWS]]
    more = _cut("first", len(evidence.destinations))
    return Section("Sensitive messages by destination", (*more, grid(("Domain", "Status", "Copies"), rows)))


def transport(evidence: Evidence) -> Section:
    """SEC-1: what was required of the connection, and what protected the content besides."""
    rows = [
        (_tls_words(TlsLevel(int(count.words[0]))), count.words[1] or "nothing more", f"{count.copies:,}")
        for count in evidence.protections
    ]
    return Section("Protection required", (grid(("Connection", "Besides", "Copies"), rows),))


def refused(evidence: Evidence) -> Section:
    rows = [(count.words[0], f"{count.copies:,}") for count in evidence.refusals]
    return Section("Submissions refused at the door", (grid(("Reason", "Submissions"), rows),))


def connections(evidence: Evidence) -> Section:
    rows = connection_rows(evidence.doors, evidence.register.routes.values(), evidence.links)
    return Section("Connection inventory", (grid(CONNECTION_HEADINGS, rows),))


def connection_rows(doors: Iterable[Door], ways_out: Iterable[Route], links: Iterable[Link]) -> list[tuple[str, ...]]:
    """SEC-1: every way in and out, how it is encrypted and authenticated, and when it was last used."""
    used = {link.route: link for link in links}
    rows: list[tuple[str, ...]] = [
        ("in", door.address, f"TLS 1.2 or later, {door.mode}", door.log_in, "") for door in doors
    ]
    for route in ways_out:
        link = used.get(route.name)
        last = f"{moment(link.at)}: {link.host} {link.version} {link.cipher}, {link.proof}" if link else "not yet"
        rows.append(("out", f"{route.name}: {_where(route)}", _tls_words(TlsLevel(route.tls)), log_in(route), last))
    return rows


def routes(evidence: Evidence) -> Section:
    """SEC-2: which upstream is accredited, who says so, until when."""
    rows = [
        (
            route.name,
            route.kind.value,
            route.accreditation.standard if route.accreditation else "not accredited",
            route.accreditation.evidence if route.accreditation else "",
            str(route.accreditation.expires) if route.accreditation else "",
        )
        for route in evidence.register.routes.values()
    ]
    return Section("Routes and their accreditation", (grid(("Route", "Kind", "Standard", "Evidence", "Until"), rows),))


def integrations(evidence: Evidence) -> Section:
    """RECV-7, SEC-3, CLOUD-1, SHARE-13: the inventory, and what stands behind each record."""
    rows = []
    for each in evidence.register.integrations.values():
        record = each.registration
        rows.append(
            (
                each.id,
                evidence.states[each.id].value,
                str(record.owner or ""),
                each.default_sensitivity.label,
                record.iams.text if record.iams else "",
                record.hosting.value if record.hosting else "",
                record.location,
                str(record.review_date or ""),
            )
        )
    headings = ("Integration", "State", "Owner", "Classification", "IAMS", "Hosting", "Location", "Review")
    return Section("Register of integrations", (grid(headings, rows),))


def holds(evidence: Evidence) -> Section:
    """SHARE-9: how long people took to decide, and what waits now."""
    rows = []
    for urgent in (True, False):
        closed = sorted(each.seconds for each in evidence.closed_holds if each.urgent is urgent)
        waiting = [each for each in evidence.open_holds if each.urgent is urgent]
        late = sum(each.deadline < evidence.at for each in waiting)
        rows.append(
            (
                "time-critical" if urgent else "ordinary",
                str(len(closed)),
                _hours(_at(closed, 0.5)),
                _hours(_at(closed, 0.95)),
                _hours(closed[-1] if closed else None),
                str(len(waiting)),
                str(late),
            )
        )
    endings_ = {each.closed_as for each in evidence.closed_holds}
    outcomes = [(word, str(sum(each.closed_as == word for each in evidence.closed_holds))) for word in sorted(endings_)]
    headings = ("Holds", "Decided", "Half within", "95 % within", "Longest", "Open now", "Past deadline")
    return Section("Held messages", (grid(headings, rows), grid(("Ended as", "Copies"), outcomes)))


def agreements(evidence: Evidence) -> Section:
    """SHARE-6: with whom, for what, signed by whom, until when."""
    today = day_of(evidence.at)
    left = dict((each.id, days) for days, each in endings(evidence.register.agreements.values(), today))
    rows = [
        (
            each.id,
            each.partner,
            each.information,
            each.protection.value,
            each.standing(today).value,
            f"{each.governance.by if each.governance else 'nobody'} / "
            f"{each.clinical_safety.by if each.clinical_safety else 'nobody'}",
            f"{each.ends} ({left[each.id]} days)" if each.id in left else str(each.ends),
        )
        for each in evidence.register.agreements.values()
    ]
    headings = ("Agreement", "Partner", "Information", "Protection", "Standing", "IG / clinical safety", "Ends")
    appetite = evidence.register.appetite
    words = f"Risk appetite in force: {appetite.level.value} (statement {appetite.number}, {appetite.document or 'no document'})."
    return Section("Sharing agreements and risk appetite", (grid(headings, rows), words))


def policy(evidence: Evidence) -> Section:
    rows = [
        (
            str(version.number),
            version.state.value,
            version.author,
            ", ".join(each.by for each in version.approvals),
            moment(version.activated_at),
            version.reason,
        )
        for version in evidence.policies
    ]
    rules = [(rule.id, rule.source, rule.why) for rule in BUILT_IN_RULES]
    return Section(
        "Policy",
        (
            "Built-in rules, which always apply:",
            grid(("Rule", "Requirement", "Why"), rules),
            "Versions of the site's own rules:",
            grid(("Version", "State", "Author", "Approved by", "In force from", "Why"), rows),
        ),
    )


def people(evidence: Evidence) -> Section:
    rows = [
        (
            each.name,
            ", ".join(Role(role).value for role in each.roles),
            "here" if each.is_here else f"left {moment(each.left_at)}",
        )
        for each in evidence.people.values()
    ]
    return Section("People and roles", (grid(("Name", "Roles", "Standing"), rows),))


def lists(evidence: Evidence) -> Section:
    """SHARE-4: which list of accredited organisations is used, and how old it is."""
    rows = [
        (
            each.name,
            each.version,
            f"{each.entries:,}",
            moment(each.imported_at),
            f"{(evidence.at - each.imported_at) / 86_400:.0f} days",
            each.imported_by,
        )
        for each in evidence.lists
    ]
    return Section("Lists", (grid(("List", "Version", "Entries", "Imported", "Age", "By"), rows),))


def audit(evidence: Evidence) -> Section:
    head = evidence.head
    rows = (
        ("Events", f"{head.seq:,}"),
        ("The chain", evidence.chain),
        ("Head", f"{head.seq}:{head.hash}"),
        ("Signed", f"{moment(head.at)}, with the key {head.key}"),
        ("Signature", head.signature),
    )
    return Section("Audit", (Pairs(rows),))


def changes(evidence: Evidence) -> Section:
    """What people did to records in the period."""
    rows = [
        (moment(each["at"]), str(each["kind"]), str(each["actor"]), str(each["subject"]))
        for each in evidence.events[-_MOST_ROWS:]
    ]
    more = _cut("last", len(evidence.events), MOST_EVENTS)
    return Section("What people changed", (*more, grid(("When", "What", "Who", "About"), rows)))


def _cut(which: str, count: int, most: float = inf) -> tuple[str, ...]:
    """What stands above a table that does not hold all; with `most`, the pack itself holds no more than that."""
    if count <= _MOST_ROWS:
        return ()
    if count >= most:
        return (f"The {which} {_MOST_ROWS} of {count:,} or more; the {which} {count:,} are in the JSON file.",)
    return (f"The {which} {_MOST_ROWS} of {count:,}; all are in the JSON file.",)


def moment(at: float | None) -> str:
    """`22 November 2026, 14:02 UTC`."""
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%-d %B %Y, %H:%M} UTC"


def day_of(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def grid(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Grid | str:
    return Grid(headings, tuple(rows)) if rows else "None."


def _at(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def _hours(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds / 3600:.1f} h"


def _tls_words(level: TlsLevel) -> str:
    return {
        TlsLevel.NONE: "TLS when it is offered",
        TlsLevel.ENCRYPTED: "TLS required",
        TlsLevel.VERIFIED: "TLS required, name verified",
    }[level]


def _where(route: Route) -> str:
    return f"{route.host} port {route.port}" if route.host else route.kind.value


def log_in(route: Route) -> str:
    return {AuthMechanism.NONE: "none", AuthMechanism.XOAUTH2: "OAuth"}.get(
        route.auth, f"password ({route.auth.value})"
    )
