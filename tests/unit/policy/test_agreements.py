"""Sharing agreements: what they open, never more than both sign-offs, their dates and the risk appetite allow."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.manage import agreements as manage
from wardmail.manage.agreements import SignOff
from wardmail.manage.integrations import BadInput
from wardmail.model.address import Address
from wardmail.model.agreement import (
    AgreedProtection,
    Agreement,
    AgreementStanding,
    Appetite,
    RiskAppetite,
    appetite_in_force,
)
from wardmail.model.classification import Sensitivity
from wardmail.model.decision import Outcome
from wardmail.model.person import Approval
from wardmail.policy.agreement_endings import agreement_warnings, endings, is_carried_on
from wardmail.policy.agreements import AgreementTable
from wardmail.policy.evaluate import evaluate
from wardmail.policy.facts import AgreementFacts, Cover, Facts, Known
from wardmail.policy.facts_codec import facts_from
from wardmail.policy.rules import BUILT_IN_RULES

TODAY = date(2026, 11, 25)
YES = Approval("ann", 1.0, "checked")
ALSO = Approval("bob", 1.0, "checked")
HOSPICE = Agreement(
    id="hospice",
    partner="St Example's Hospice",
    purpose="care",
    information="discharge letters",
    document="IG/1",
    domains=("hospice.example", "*.hospice.example"),
    addresses=("ward@shared.example",),
    starts=TODAY - timedelta(days=10),
    ends=TODAY + timedelta(days=10),
    protection=AgreedProtection.VERIFIED_TLS,
    governance=YES,
    clinical_safety=ALSO,
)


def _cover(
    agreement: Agreement = HOSPICE,
    to: str = "a@hospice.example",
    level: Sensitivity = Sensitivity.OFFICIAL_SENSITIVE,
    appetite: Appetite = Appetite.VERIFIED_TLS,
    *,
    today: date = TODAY,
) -> AgreementFacts:
    local, _, domain = to.rpartition("@")
    return AgreementTable([agreement], appetite).cover("app", Address(local, domain), level, today).value


@pytest.mark.parametrize("to", ["a@hospice.example", "a@x.y.hospice.example", "Ward@shared.example"])
def test_it_covers_its_domains_and_addresses(to: str) -> None:
    assert _cover(to=to).cover is Cover.VERIFIED_TLS
    assert _cover(to=to).agreement == "hospice"


@pytest.mark.parametrize(
    "to", ["a@evilhospice.example", "a@hospice.example.evil.example", "b@shared.example", "a@example"]
)
def test_it_covers_nothing_else(to: str) -> None:
    assert _cover(to=to).cover is Cover.NONE


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({"governance": None}, AgreementStanding.UNSIGNED),
        ({"clinical_safety": None}, AgreementStanding.UNSIGNED),
        ({"ends": TODAY - timedelta(days=1)}, AgreementStanding.ENDED),
        ({"starts": TODAY + timedelta(days=1)}, AgreementStanding.TO_COME),
        ({"ended": YES}, AgreementStanding.ENDED),
    ],
)
def test_one_that_does_not_count_says_why(changes: dict[str, object], standing: AgreementStanding) -> None:
    agreement = replace(HOSPICE, **changes)  # type: ignore[arg-type]
    found = _cover(agreement)
    assert found.cover is Cover.NONE
    assert standing.value.replace("-", " ") in found.why


def test_first_and_last_day_count() -> None:
    assert _cover(today=HOSPICE.starts).cover is Cover.VERIFIED_TLS
    assert _cover(today=HOSPICE.ends).cover is Cover.VERIFIED_TLS


def test_it_is_for_its_integrations_and_level_only() -> None:
    assert _cover(replace(HOSPICE, integrations=("other",))).cover is Cover.NONE
    assert _cover(level=Sensitivity.SECRET).cover is Cover.NONE
    assert _cover(replace(HOSPICE, highest=Sensitivity.OFFICIAL)).cover is Cover.NONE


@pytest.mark.parametrize(
    ("appetite", "asked", "cover"),
    [
        (Appetite.WAIT, AgreedProtection.VERIFIED_TLS, Cover.NONE),
        (Appetite.ENCRYPTED, AgreedProtection.VERIFIED_TLS, Cover.ENCRYPTED),
        (Appetite.ENCRYPTED, AgreedProtection.ENCRYPTED, Cover.ENCRYPTED),
        (Appetite.VERIFIED_TLS, AgreedProtection.ENCRYPTED, Cover.ENCRYPTED),
        (Appetite.VERIFIED_TLS, AgreedProtection.VERIFIED_TLS, Cover.VERIFIED_TLS),
    ],
)
def test_the_stricter_of_agreement_and_appetite_counts(
    appetite: Appetite, asked: AgreedProtection, cover: Cover
) -> None:
    assert _cover(replace(HOSPICE, protection=asked), appetite=appetite).cover is cover


def _facts(cover: Cover, **more: object) -> Facts:
    base = facts_from({"sensitivity": "official-sensitive", "route": {"accredited": True}, **more})
    return replace(base, agreement=Known(AgreementFacts(cover, "hospice", "covers it")))


def test_the_policy_lets_go_what_an_agreement_covers_and_holds_the_rest() -> None:
    assert evaluate(BUILT_IN_RULES, _facts(Cover.NONE)).outcome is Outcome.HOLD
    assert evaluate(BUILT_IN_RULES, _facts(Cover.ENCRYPTED)).outcome is Outcome.HOLD
    agreed = evaluate(BUILT_IN_RULES, _facts(Cover.VERIFIED_TLS))
    assert agreed.outcome is Outcome.DELIVER
    assert "agreement" in {hit.rule for hit in agreed.because}
    tagged = evaluate(BUILT_IN_RULES, _facts(Cover.ENCRYPTED, route={"accredited": True, "has_secure_tag": True}))
    assert tagged.outcome is Outcome.PROTECT


def test_no_agreement_opens_secret_or_a_domain_that_is_known_not_to_be_secure() -> None:
    assert evaluate(BUILT_IN_RULES, _facts(Cover.VERIFIED_TLS, sensitivity="secret")).outcome is Outcome.REFUSE
    assert evaluate(BUILT_IN_RULES, _facts(Cover.VERIFIED_TLS, standing="not-secure")).outcome is Outcome.REFUSE


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"partner": " "}, "partner"),
        ({"document": ""}, "document"),
        ({"domains": (), "addresses": ()}, "domains, or addresses"),
        ({"domains": ("nhs.uk",)}, "no partner"),
        ({"domains": ("*.co.uk",)}, "no partner"),
        ({"domains": ("not a domain",)}, "no domain"),
        ({"addresses": ("x",)}, "no address"),
        ({"ends": HOSPICE.starts - timedelta(days=1)}, "ends after"),
        ({"ends": HOSPICE.starts + timedelta(days=2000)}, "within three years"),
        ({"highest": Sensitivity.SECRET}, "SECRET"),
        ({"id": "No Name"}, "no name"),
    ],
)
def test_what_is_no_agreement(changes: dict[str, object], why: str) -> None:
    outcome = manage.checked_agreement(replace(HOSPICE, **changes))  # type: ignore[arg-type]
    assert isinstance(outcome, BadInput)
    assert why in outcome.reason


def test_a_new_record_brings_no_signatures_along() -> None:
    outcome = manage.checked_agreement(HOSPICE)
    assert isinstance(outcome, Agreement)
    assert outcome.standing(TODAY) is AgreementStanding.UNSIGNED


def test_one_person_does_not_sign_for_both() -> None:
    half = manage.signed(replace(HOSPICE, governance=None, clinical_safety=None), SignOff.GOVERNANCE, YES)
    assert isinstance(half, Agreement)
    assert isinstance(manage.signed(half, SignOff.CLINICAL_SAFETY, YES), BadInput)
    whole = manage.signed(half, SignOff.CLINICAL_SAFETY, ALSO)
    assert isinstance(whole, Agreement)
    assert whole.standing(TODAY) is AgreementStanding.IN_FORCE
    over = manage.ended(whole, YES)
    assert isinstance(over, Agreement)
    assert isinstance(manage.signed(over, SignOff.GOVERNANCE, YES), BadInput)


def test_a_renewal_is_signed_anew_and_the_old_one_counts_meanwhile() -> None:
    new = manage.renewed(HOSPICE, "hospice-2", HOSPICE.ends + timedelta(days=300), TODAY)
    assert isinstance(new, Agreement)
    assert new.standing(TODAY) is AgreementStanding.UNSIGNED
    table = AgreementTable([HOSPICE, new], Appetite.VERIFIED_TLS)
    cover = table.cover("app", Address("a", "hospice.example"), Sensitivity.OFFICIAL_SENSITIVE, TODAY)
    assert cover.value.agreement == "hospice"
    assert isinstance(manage.renewed(HOSPICE, "x", HOSPICE.ends, TODAY), BadInput)
    assert isinstance(manage.renewed(HOSPICE, "x", date(2099, 1, 1), TODAY), BadInput)


def test_endings_come_in_order() -> None:
    later = replace(HOSPICE, id="later", ends=TODAY + timedelta(days=90))
    over = replace(HOSPICE, id="over", ended=YES)
    assert [(left, each.id) for left, each in endings([later, over, HOSPICE], TODAY)] == [
        (10, "hospice"),
        (90, "later"),
    ]


@pytest.mark.parametrize(
    ("left", "stage"),
    [
        (61, ""),
        (60, "60"),
        (31, "60"),
        (30, "30"),
        (8, "30"),
        (7, "7"),
        (0, "7"),
        (-1, "ended"),
        (-30, "ended"),
        (-31, ""),
    ],
)
def test_the_nearest_threshold_is_told_and_no_old_news(left: int, stage: str) -> None:
    made = replace(HOSPICE, starts=TODAY - timedelta(days=300), ends=TODAY + timedelta(days=left))
    assert [each.stage for each in agreement_warnings([made], TODAY)] == ([stage] if stage else [])


@pytest.mark.parametrize("changed", [{"ended": YES}, {"governance": None}, {"clinical_safety": None}])
@pytest.mark.parametrize("left", [5, -1])
def test_nothing_is_told_of_what_a_person_ended_or_never_counted(left: int, changed: dict[str, object]) -> None:
    made = replace(HOSPICE, ends=TODAY + timedelta(days=left), **changed)  # type: ignore[arg-type]
    assert not list(agreement_warnings([made], TODAY))


NEXT = replace(HOSPICE, id="hospice-2", starts=TODAY, ends=HOSPICE.ends + timedelta(days=300))


@pytest.mark.parametrize(
    ("changed", "goes_on"),
    [
        ({}, True),
        ({"starts": HOSPICE.ends + timedelta(days=1)}, True),
        ({"starts": HOSPICE.ends + timedelta(days=2)}, False),
        ({"ends": HOSPICE.ends}, False),
        ({"clinical_safety": None}, False),
        ({"ended": YES}, False),
        ({"addresses": ()}, False),
        ({"domains": (*HOSPICE.domains, "more.example")}, True),
        ({"integrations": ("app",)}, False),
        ({"highest": Sensitivity.OFFICIAL}, False),
        ({"protection": AgreedProtection.ENCRYPTED}, False),
    ],
)
def test_only_one_that_lets_go_as_much_carries_it_on(changed: dict[str, object], goes_on: bool) -> None:
    new = replace(NEXT, **changed)  # type: ignore[arg-type]
    assert is_carried_on(HOSPICE, [HOSPICE, new], TODAY) is goes_on
    assert ("hospice" not in [each.agreement.id for each in agreement_warnings([HOSPICE, new], TODAY)]) is goes_on


def test_one_of_all_integrations_carries_on_one_of_some_and_more_of_them_too() -> None:
    old = replace(HOSPICE, integrations=("app",))
    assert is_carried_on(old, [NEXT], TODAY)
    assert is_carried_on(old, [replace(NEXT, integrations=("other", "app"))], TODAY)
    assert not is_carried_on(old, [replace(NEXT, integrations=("other",))], TODAY)


@given(st.lists(st.tuples(st.sampled_from(Appetite), st.lists(st.sampled_from("abc"), max_size=4)), max_size=5))
def test_no_statement_counts_without_two_others(made: list[tuple[Appetite, list[str]]]) -> None:
    statements = tuple(
        RiskAppetite(n, level, "r", "d", "a", 0.0, tuple(Approval(by, 0.0, "") for by in approvers))
        for n, (level, approvers) in enumerate(made, 1)
    )
    current = appetite_in_force(statements)
    if current.number:
        assert {each.by for each in current.approvals} >= {"b", "c"}
    else:
        assert current.level is Appetite.WAIT
        assert not any({"b", "c"} <= {each.by for each in s.approvals} for s in statements)


def test_an_appetite_needs_a_document_and_two_other_people() -> None:
    assert isinstance(
        manage.stated(Appetite.ENCRYPTED, number=1, reason="r", document="", author="a", now=0.0), BadInput
    )
    statement = manage.stated(Appetite.ENCRYPTED, number=1, reason="r", document="board", author="a", now=0.0)
    assert isinstance(statement, RiskAppetite)
    assert isinstance(manage.with_approval(statement, Approval("a", 0.0, "")), BadInput)
    once = manage.with_approval(statement, Approval("b", 0.0, ""))
    assert isinstance(once, RiskAppetite)
    assert isinstance(manage.with_approval(once, Approval("b", 0.0, "")), BadInput)
    assert appetite_in_force((once,)).level is Appetite.WAIT
    twice = manage.with_approval(once, Approval("c", 0.0, ""))
    assert isinstance(twice, RiskAppetite)
    assert appetite_in_force((twice,)).level is Appetite.ENCRYPTED
    assert isinstance(manage.with_approval(twice, Approval("d", 0.0, "")), BadInput)
