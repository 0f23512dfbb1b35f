"""Mail that was handed in with a test credential: it is judged like any other, and stays on this machine."""

from __future__ import annotations

from dataclasses import replace

from wardmail.model.decision import Decision
from wardmail.model.refusal import Refusal
from wardmail.model.register import RegisterSnapshot
from wardmail.model.route import RouteKind

NO_SANDBOX = Refusal(
    550,
    "5.7.1",
    "This is a test credential, and the gateway has no sandbox route; ask the mail team for one",
    "WM-TEST-NO-SANDBOX",
)


def is_test(snapshot: RegisterSnapshot, username: str) -> bool:
    credential = snapshot.credentials.get(username)
    return credential is not None and credential.is_test


def sandbox_of(snapshot: RegisterSnapshot) -> str | None:
    """The route that keeps mail here; the first by name, so that it is always the same."""
    found = sorted(each.name for each in snapshot.routes.values() if each.kind is RouteKind.SANDBOX)
    return found[0] if found else None


def is_homeless(snapshot: RegisterSnapshot, username: str) -> bool:
    """Whether there is no place for what came with the credential: it must not go out, and nothing keeps it here."""
    return is_test(snapshot, username) and sandbox_of(snapshot) is None


def route_of(snapshot: RegisterSnapshot, username: str, route: str | None) -> str | None:
    """`route`, or the sandbox for what came with a test credential; None when that has no place."""
    return sandbox_of(snapshot) if is_test(snapshot, username) else route


def kept_here(snapshot: RegisterSnapshot, username: str, decision: Decision) -> Decision:
    """The same decision, by the sandbox where the credential is a test one."""
    if decision.route is None:
        return decision
    return replace(decision, route=route_of(snapshot, username, decision.route))
