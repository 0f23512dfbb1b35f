"""Parts of evidence packs about what we depend on: what its operator withdraws, and in which country copies are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from wardmail.manage.document_text import Pairs, Section
from wardmail.manage.evidence_tables import grid, log_in
from wardmail.manage.sources import EWS_ENDS
from wardmail.model.evidence import Evidence
from wardmail.model.route import AuthMechanism, Route, RouteKind
from wardmail.model.source import Source, SourceKind
from wardmail.policy.completeness import HOME

_BASIC_AUTH_OFF = date(2026, 12, 31)


def readiness(evidence: Evidence) -> Section:
    """What stops working when Microsoft withdraws Basic authentication and EWS, and what is ready."""
    routes = [_of_route(each) for each in evidence.register.routes.values() if each.kind is not RouteKind.SANDBOX]
    sources = list(_of_sources(evidence))
    ews = f"No source uses Exchange Web Services, which Exchange Online ends on {EWS_ENDS}."
    if any(each.kind is SourceKind.EWS for each in evidence.register.sources.values()):
        ews = f"Exchange Online ends Exchange Web Services on {EWS_ENDS}: move such sources to Microsoft Graph before."
    blocks = (grid(("Route or source", "Authentication", "Readiness", "Ends"), [*routes, *sources]), ews)
    return Section("Basic authentication and EWS", blocks)


def places(evidence: Evidence) -> Section:
    """SHARE-13: where stored copies are; each integration's upstream service is in the register's table."""
    where = evidence.location or "not said: set gateway.location"
    agreed = (
        "the United Kingdom" if where == HOME else "outside the United Kingdom, or not said: see the board's sign-off"
    )
    return Section("Where copies are kept", (Pairs((("Stored messages and backups", where), ("Agreed", agreed))),))


def _of_route(route: Route) -> tuple[str, str, str, str]:
    if route.auth is AuthMechanism.XOAUTH2:
        return route.name, log_in(route), "ready: OAuth", ""
    if route.host.endswith(".office365.com") and route.auth in (AuthMechanism.PLAIN, AuthMechanism.LOGIN):
        ends = str(_BASIC_AUTH_OFF)
        return route.name, log_in(route), "Basic authentication: off by default for existing tenants", ends
    return route.name, log_in(route), "not concerned", ""


def _of_sources(evidence: Evidence) -> Iterator[tuple[str, str, str, str]]:
    for source in evidence.register.sources.values():
        if source.mailbox is not None:
            by = "OAuth" if source.mailbox.oauth else "password"
            yield source.name, by, *_state(source)


def _state(source: Source) -> tuple[str, str]:
    if source.kind is SourceKind.EWS:
        return "Exchange Web Services", str(EWS_ENDS)
    ready = source.mailbox is not None and source.mailbox.oauth is not None
    return ("ready: OAuth" if ready else "not concerned"), ""
