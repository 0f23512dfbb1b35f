"""The register as a gate: what an application is told when its record does not let it in, and whom it may ask (SEC-5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.refusal import Refusal
from wardmail.policy import rules
from wardmail.policy.completeness import missing
from wardmail.policy.review import Cause, ReviewTerms, deadline_of

CONTACTS = ("registration", "mail_team", "information_governance", "security")
"""Whom settings may name, as `contacts.mail_team`."""

_WHO = (
    ("WM-INTEGRATION-", "registration"),
    ("WM-POLICY-SECRET", "security"),
    ("WM-POLICY-", "information_governance"),
    ("WM-SIGNATURE-", "information_governance"),
    ("WM-SENDER-", "mail_team"),
    ("WM-AUTHOR-", "mail_team"),
    ("WM-AUTH-EXPIRED", "mail_team"),
    ("WM-LIMIT-INTEGRATION", "mail_team"),
)

_CLOSED = {
    IntegrationState.DRAFT: rules.DRAFT_REFUSED,
    IntegrationState.SUSPENDED: rules.SUSPENDED_REFUSED,
    IntegrationState.RETIRED: rules.RETIRED_REFUSED,
}


def closed(integration: Integration, state: IntegrationState, terms: ReviewTerms) -> Refusal | None:
    """Why this integration may not send at all today, whatever the message says; None when it may, or mail is held."""
    if state is IntegrationState.LAPSED:
        return _lapsed(integration, terms)
    return _CLOSED.get(state)


def told(refusal: Refusal, contacts: tuple[tuple[str, str], ...]) -> Refusal:
    """The refusal with the contact that settings name for its kind, when they name one."""
    who = next((name for beginning, name in _WHO if refusal.error.startswith(beginning)), "")
    contact = dict(contacts).get(who)
    return replace(refusal, public=f"{refusal.public} (contact: {contact})") if contact else refusal


def _lapsed(integration: Integration, terms: ReviewTerms) -> Refusal:
    deadline = deadline_of(integration, terms)
    cause, on = (deadline.cause, deadline.on) if deadline else (Cause.INCOMPLETE, date.min)
    lacks = "; it lacks " + ", ".join(each.words for each in missing(integration)) if missing(integration) else ""
    public = f"This integration may not send: {cause.value}{lacks}"
    private = f"{integration.id} was due on {on}, and {terms.grace_days} days of grace are over"
    # A reply line has room for 512 octets, and a person for less.
    return replace(rules.LAPSED_REFUSED, public=public[:380], private=private)
