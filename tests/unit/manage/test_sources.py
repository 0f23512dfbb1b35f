"""What may be said of a source and of a handover: accounts of their own, exceptions that end, secrets by reference."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from wardmail.manage.sources import Known, handover_problems, source_problems
from wardmail.model.handover import Handover, HandoverKind
from wardmail.model.integration import Integration
from wardmail.model.mailbox import MailboxAccount, MailboxKind, Settlement
from wardmail.model.registration import Contact, Registration
from wardmail.model.route import OAuthClient
from wardmail.model.source import PlainPeer, SmtpTerms, Source, SourceKind
from wardmail.model.verdict import Action, Wishes

TODAY = date(2026, 11, 25)
APP = Integration("app", "App", "relay", ())
OTHER = Integration(
    "other", "Other", "relay", (), registration=Registration(upstream_account="svc-other@trust.example")
)
KNOWN = Known({"app": APP, "other": OTHER}, (Contact("Amina Khan", "amina.khan@trust.example"),), TODAY)
LETTERS = Source("letters", "app", SourceKind.SMTP, SmtpTerms(("letters@trust.example",)))
ACCOUNT = MailboxAccount(MailboxKind.IMAP, "mail.trust.example", 993, "svc-results@trust.example", "keystore:pw")
RESULTS = Source("results", "app", SourceKind.IMAP, mailbox=ACCOUNT)


def told(source: Source, *others: Source, known: Known = KNOWN) -> str:
    return " ".join(source_problems(source, {each.name: each for each in others}, known))


def test_what_is_right_has_no_problems() -> None:
    assert told(LETTERS, RESULTS, LETTERS) == ""
    assert told(RESULTS, LETTERS, RESULTS) == ""


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (SmtpTerms(), "takes mail for nobody"),
        (SmtpTerms(("letters",)), "neither an address nor"),
        (SmtpTerms(("@",)), "neither an address nor"),
        (SmtpTerms(("a@trust.example",), relays=("nonsense",)), "is no network"),
        (SmtpTerms(("a@trust.example",), (PlainPeer("10.0.0.0/8", TODAY, "x", "ann"),)), "smaller network"),
        (SmtpTerms(("a@trust.example",), (PlainPeer("10.0.0.1/32", date(2028, 1, 1), "x", "ann"),)), "within a year"),
    ],
)
def test_terms_of_smtp(terms: SmtpTerms, problem: str) -> None:
    assert problem in told(replace(LETTERS, smtp=terms))


def test_a_recipient_belongs_to_one_source() -> None:
    assert "belongs to source letters" in told(
        replace(LETTERS, name="more", smtp=SmtpTerms(("LETTERS@trust.example",))), LETTERS
    )


def test_a_hop_is_believed_only_from_known_addresses() -> None:
    trusting = replace(LETTERS, trusted_hop="mx.trust.example")
    assert "Anybody can write" in told(trusting)
    assert told(replace(trusting, smtp=SmtpTerms(("a@trust.example",), relays=("192.0.2.0/24",)))) == ""


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"username": "SVC-Results@trust.example"}, ""),
        ({"username": "amina.khan@trust.example"}, "Amina Khan's own"),
        ({"username": "j.smith@trust.example"}, "a person's own"),
        ({"username": "enquiries@trust.example"}, "people share"),
        ({"username": "svc-other@trust.example"}, "belongs to integration other"),
        ({"secret_ref": ""}, "has no secret"),
        ({"secret_ref": "hunter2"}, "is no reference"),
        ({"host": "not a host"}, "is no host name"),
        ({"host": "outlook.office365.com"}, "since the end of 2022"),
        ({"kind": MailboxKind.GRAPH}, "tokens only"),
        ({"kind": MailboxKind.POP3}, "no folders"),
        ({"kind": MailboxKind.POP3, "settlement": Settlement.DELETE}, ""),
    ],
)
def test_accounts(changes: dict[str, object], problem: str) -> None:
    found = told(replace(RESULTS, mailbox=replace(ACCOUNT, **changes)))  # type: ignore[arg-type]
    assert problem in found
    assert bool(problem) == bool(found)


def test_an_account_belongs_to_one_source_even_of_the_same_integration() -> None:
    again = replace(RESULTS, name="again", mailbox=replace(ACCOUNT, username="svc-results@TRUST.example"))
    assert "belongs to source results" in told(again, RESULTS)


def test_what_ends_is_refused_from_its_day_on() -> None:
    oauth = OAuthClient("https://login.example/", "id", "keystore:s", "scope")
    cloud = replace(ACCOUNT, kind=MailboxKind.EWS, host="outlook.office365.com", oauth=oauth, secret_ref="")
    assert told(replace(RESULTS, mailbox=cloud)) == ""
    later = replace(KNOWN, today=date(2027, 4, 1))
    assert "no EWS" in told(replace(RESULTS, mailbox=cloud), known=later)


def test_nobody_receives_for_an_integration_that_is_not_there() -> None:
    assert "There is no integration gone" in told(replace(LETTERS, integration="gone"))


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (Handover("app"), ""),
        (Handover("app", HandoverKind.MAILDIR, directory="relative"), "whole path"),
        (Handover("app", HandoverKind.WEBHOOK, url="http://x/", signing_refs=("keystore:a",)), "no https address"),
        (Handover("app", HandoverKind.WEBHOOK, url="https://x/"), "no signing secret"),
        (Handover("app", HandoverKind.WEBHOOK, url="https://x/", signing_refs=("plain",)), "is no reference"),
        (Handover("app", HandoverKind.SMTP), "has no host"),
        (Handover("app", HandoverKind.SMTP, host="mail.example", recipients=("nobody",)), "is no address"),
        (Handover("app", HandoverKind.LMTP), "neither host nor socket"),
        (Handover("app", HandoverKind.IMAP, host="mail.example"), "cannot log in"),
        (Handover("app", wishes=Wishes(on_malware=Action.WARN)), "handed over to nobody"),
        (Handover("app", wishes=Wishes(warn_at=80, quarantine_at=70)), "does not even warn"),
    ],
)
def test_handovers(terms: Handover, problem: str) -> None:
    found = " ".join(handover_problems(terms))
    assert problem in found
    assert bool(problem) == bool(found)
