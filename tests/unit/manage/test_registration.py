"""What people write into a record: what is taken, what is refused, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.registrations import COMPLETE, REGISTERED

from wardmail.manage.accounts import account_problem
from wardmail.manage.integration_life import approved, asked, checked
from wardmail.manage.integrations import BadInput
from wardmail.manage.registration import FIELDS, Writing, as_texts, written
from wardmail.model.classification import Sensitivity
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.registration import Ask, Contact, Hosting, Matter, Recorded, Registration
from wardmail.policy.completeness import missing
from wardmail.store import records

WRITING = Writing("bo", 1_795_000_000.0)  # 18 November 2026


def write(option: str, *texts: str, into: Registration | None = None) -> Registration | BadInput:
    return written(into or Registration(), {option: texts}, WRITING)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("owner", "Amina Khan"),
        ("owner", "<a@b.example>"),
        ("owner", "Amina <not an address>"),
        ("owner", "A\x07 <a@b.example>"),
        ("owner", "A <a@b.example>, C <c@d.example>"),
        ("handles", "secret"),
        ("clinical", "perhaps"),
        ("location", "England"),
        ("application-document", "http://docs.example/"),
        ("application-document", "javascript:alert(1)"),
        ("application-document", 'https://docs.example/"><script>'),
        ("application-document", "https://user:secret@docs.example/"),
        ("review-date", "2026-11-01"),
        ("review-date", "2027-12-31"),
        ("review-date", "soon"),
        ("end-date", "2020-01-01"),
        ("purpose", "x" * 3000),
        ("purpose", "bell\x07"),
        ("upstream-account", "two\nlines"),
        ("team-recipient", "nobody"),
        ("hosting", "moon"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_named(option: str, text: str) -> None:
    outcome = write(option, text)
    assert isinstance(outcome, BadInput)
    assert next(each.words for each in FIELDS if each.option == option) in outcome.reason


def test_a_reference_keeps_who_recorded_it_and_when() -> None:
    first = write("iams", "IAMS-9")
    assert isinstance(first, Registration)
    assert first.iams == Recorded("IAMS-9", "bo", WRITING.at)
    again = written(first, {"iams": ("IAMS-9",)}, Writing("amina", WRITING.at + 9))
    assert again == first
    other = written(first, {"iams": ("IAMS-10",)}, Writing("amina", WRITING.at + 9))
    assert isinstance(other, Registration)
    assert other.iams == Recorded("IAMS-10", "amina", WRITING.at + 9)


def test_an_empty_text_empties_and_what_is_not_said_stays() -> None:
    assert write("purpose", "", into=COMPLETE) == replace(COMPLETE, purpose="")
    assert write("iams", "", into=COMPLETE) == replace(COMPLETE, iams=None)
    assert written(COMPLETE, {}, WRITING) == COMPLETE


def test_a_whole_record_comes_back_from_its_texts_and_from_the_store() -> None:
    texts = {each.option: said for each in FIELDS if (said := as_texts(COMPLETE, each))}
    again = written(Registration(), texts, Writing("amina", COMPLETE.iams.at if COMPLETE.iams else 0))
    assert again == COMPLETE
    assert records.decode(Integration, records.encode(REGISTERED)) == REGISTERED


def test_rows_from_before_the_record_decode_as_drafts_of_nothing() -> None:
    old = '{"id": "app", "name": "App", "route": "relay", "senders": ["a@b.example"]}'
    record = records.decode(Integration, old)
    assert (record.state, record.registration) == (IntegrationState.DRAFT, Registration())


def test_a_complete_record_lacks_nothing_and_each_field_is_missed() -> None:
    assert missing(REGISTERED) == ()
    for name in ("purpose", "owner", "deputy", "handles", "clinical", "iams", "dpia", "slsp", "cmdb", "location"):
        emptied = replace(COMPLETE, **{name: getattr(Registration(), name)})
        assert missing(replace(REGISTERED, registration=emptied)), name


def test_iams_is_asked_only_of_what_is_sensitive_and_clinical_safety_only_of_what_is_clinical() -> None:
    plain = replace(COMPLETE, handles=Sensitivity.OFFICIAL, iams=None)
    assert missing(replace(REGISTERED, registration=plain)) == ()
    clinical = replace(COMPLETE, clinical=True)
    assert [each.id for each in missing(replace(REGISTERED, registration=clinical))] == ["clinical-safety"]


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("amina@trust.example", "Amina Khan's own"),
        ("khan.amina@nhs.net", "Amina Khan's own"),
        ("j.smith@nhs.net", "person's own"),
        ("sarah.jones12@nhs.net", "person's own"),
        ("ward.enquiries@nhs.net", "people share"),
        ("SHARED-mailbox@nhs.net", "people share"),
    ],
)
def test_personal_and_shared_accounts_are_refused_with_the_reason(account: str, words: str) -> None:
    record = replace(COMPLETE, upstream_account=account)
    outcome = checked(replace(REGISTERED, registration=record), REGISTERED, {})
    assert isinstance(outcome, BadInput)
    assert words in outcome.reason
    assert "RECV-5" in outcome.reason


@pytest.mark.parametrize("account", ["svc.discharge@nhs.net", "discharge.letters@nhs.net", "app-7", "rxk.lims@nhs.net"])
def test_service_accounts_are_taken(account: str) -> None:
    record = replace(COMPLETE, upstream_account=account)
    assert account_problem(replace(REGISTERED, registration=record), {}) is None


def test_an_account_belongs_to_one_integration_until_that_is_retired() -> None:
    twin = replace(REGISTERED, id="twin", registration=replace(COMPLETE, upstream_service="nhs mail"))
    assert account_problem(twin, {"app": REGISTERED}) is not None
    assert account_problem(twin, {"app": replace(REGISTERED, state=IntegrationState.RETIRED)}) is None


def test_a_record_as_a_whole() -> None:
    alone = replace(COMPLETE, deputy=Contact("A. K.", "AMINA@trust.example"))
    assert isinstance(checked(replace(REGISTERED, registration=alone), REGISTERED, {}), BadInput)
    low = replace(REGISTERED, default_sensitivity=Sensitivity.OFFICIAL_SENSITIVE)
    low = replace(low, registration=replace(COMPLETE, handles=Sensitivity.OFFICIAL))
    assert isinstance(checked(low, None, {}), BadInput)
    emptied = replace(REGISTERED, registration=replace(COMPLETE, slsp=None))
    assert isinstance(checked(emptied, REGISTERED, {}), BadInput)
    noted = replace(REGISTERED, registration=replace(COMPLETE, incomplete_since=date(2026, 1, 1)))
    mended = checked(noted, noted, {})
    assert isinstance(mended, Integration)
    assert mended.registration.incomplete_since is None


def test_a_yes_to_an_exception_ends_when_what_it_was_about_changes() -> None:
    record = replace(COMPLETE, hosting=Hosting.ON_PREMISES, migration_plan="move", migration_ends=date(2027, 6, 1))
    here = replace(REGISTERED, registration=record)
    assert [each.id for each in missing(here)] == ["on-premises-sign-off"]
    question = asked(here, Ask(Matter.ON_PREMISES, "amina", WRITING.at, "until the move"))
    assert isinstance(question, Integration)
    assert isinstance(approved(question, Matter.ON_PREMISES, by="amina", at=WRITING.at, reason="me"), BadInput)
    yes = approved(question, Matter.ON_PREMISES, by="bo", at=WRITING.at, reason="agreed")
    assert isinstance(yes, Integration)
    assert missing(yes) == ()
    put_off = replace(yes, registration=replace(yes.registration, migration_ends=date(2028, 6, 1)))
    assert [each.id for each in missing(put_off)] == ["on-premises-sign-off"]
    moved_on = replace(question, registration=replace(question.registration, migration_ends=date(2028, 6, 1)))
    assert isinstance(approved(moved_on, Matter.ON_PREMISES, by="bo", at=WRITING.at, reason="x"), BadInput)


def test_sensitive_mail_abroad_needs_a_sign_off_and_other_mail_does_not() -> None:
    abroad = replace(COMPLETE, location="US")
    assert [each.id for each in missing(replace(REGISTERED, registration=abroad))] == ["location-sign-off"]
    plain = replace(abroad, handles=Sensitivity.OFFICIAL)
    assert missing(replace(REGISTERED, registration=plain)) == ()


def test_nobody_approves_one_record_and_gets_another() -> None:
    trial = replace(REGISTERED, state=IntegrationState.TRIAL)
    question = asked(trial, Ask(Matter.GO_LIVE, "amina", WRITING.at, "ready"))
    assert isinstance(question, Integration)
    wider = replace(question, senders=("@everybody.example",))
    outcome = approved(wider, Matter.GO_LIVE, by="bo", at=WRITING.at, reason="yes")
    assert outcome == BadInput("The record has changed since that was asked. Look at it, and have it asked again.")
    live = approved(question, Matter.GO_LIVE, by="bo", at=WRITING.at, reason="yes")
    assert isinstance(live, Integration)
    assert live.state is IntegrationState.LIVE
