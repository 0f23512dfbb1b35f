"""`AgreementBook`, on both databases: what is saved is what is read, with an event in somebody's name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from wardmail.model.agreement import Agreement
from wardmail.model.person import Approval
from wardmail.store.agreements import StoreAgreements
from wardmail.store.connection import Database
from wardmail.store.messages import Messages
from wardmail.store.register import StoreRegister

MADE = Agreement(
    "partner", "The partner", "care", "letters", "IG-1", ("*.partner.example",), date(2026, 1, 1), date(2027, 1, 1)
)


def test_what_is_saved_is_read_and_stands_in_the_audit(database: Database) -> None:
    book, register = StoreAgreements(database), StoreRegister(database)
    before = register.version()
    book.save(MADE, "AgreementMade", "gwen", "signed on paper")
    signed = replace(MADE, governance=Approval("gwen", 1.0, "read"))
    book.save(signed, "AgreementSigned", "gwen", "read")
    assert book.all() == {"partner": signed}
    assert register.version() > before
    events = Messages(database).audit(0, 100)
    assert [(each.kind, each.actor, each.detail["reason"]) for each in events] == [
        ("AgreementMade", "gwen", "signed on paper"),
        ("AgreementSigned", "gwen", "read"),
    ]
