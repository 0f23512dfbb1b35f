"""DMARC by RFC 9989: the walk up the tree, whose policy applies, what is in line with what, and what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.zones import Zone, ask

from wardmail.model.sender import AuthResult, DkimEvidence, DmarcEvidence, DmarcPolicy, SpfEvidence
from wardmail.posture.dmarc import MOST_AUTHOR_DOMAINS, check_dmarc
from wardmail.posture.dmarc_record import only_record
from wardmail.posture.dmarc_walk import MOST_QUERIES, targets, walk_up

PASS, FAIL, NONE = AuthResult.PASS, AuthResult.FAIL, AuthResult.NONE
TEMPERROR, PERMERROR = AuthResult.TEMPERROR, AuthResult.PERMERROR
REJECT = "v=DMARC1; p=reject"


def names(records: dict[str, Any]) -> Zone:
    """TXT records, unless the value says which kinds."""
    return Zone(
        {
            name: value if isinstance(value, list) else ["TIMEOUT"] if value == "TIMEOUT" else [{"TXT": value}]
            for name, value in records.items()
        }
    )


def spf(domain: str = "", result: AuthResult = PASS) -> SpfEvidence:
    return SpfEvidence(result if domain else NONE, domain, "mailfrom", "")


def dkim(domain: str, result: AuthResult = PASS, **more: Any) -> DkimEvidence:
    return DkimEvidence(result, domain, "s", f"@{domain}", "", **more)


def judged(
    records: dict[str, Any],
    authors: str | Sequence[str],
    sender: SpfEvidence | None = None,
    *signatures: DkimEvidence,
) -> DmarcEvidence:
    authors = [authors] if isinstance(authors, str) else authors
    return ask(check_dmarc(authors, sender or spf(), signatures), names(records))


@pytest.mark.parametrize(
    ("author", "identifier", "relaxed", "strict"),
    [
        ("example.com", "example.com", PASS, PASS),
        ("example.com", "child.example.com", PASS, FAIL),
        ("child.example.com", "example.com", PASS, FAIL),
        ("a.example.com", "b.example.com", PASS, FAIL),
        ("child.example.com", "example.net", FAIL, FAIL),
        ("example.com", "notexample.com", FAIL, FAIL),
        ("example.com", "com", FAIL, FAIL),
    ],
)
def test_alignment(author: str, identifier: str, relaxed: AuthResult, strict: AuthResult) -> None:
    for record, expected in ((REJECT, relaxed), (f"{REJECT}; adkim=s; aspf=S", strict)):
        zone = {"_dmarc.example.com": record}
        assert judged(zone, author, spf(identifier)).result is expected
        assert judged(zone, author, None, dkim(identifier)).result is expected


def test_what_a_domain_asks_for_is_told_of_a_pass_too() -> None:
    zone = {"_dmarc.example.com": f"{REJECT}; sp=quarantine"}
    for author, policy in (("example.com", DmarcPolicy.REJECT), ("a.example.com", DmarcPolicy.QUARANTINE)):
        evidence = judged(zone, author, spf("example.com"))
        assert (evidence.result, evidence.policy, evidence.disposition) == (PASS, policy, DmarcPolicy.NONE)
        assert ("the author's domain" in evidence.reason) == (author == "example.com")


def test_strictness_is_apart_for_each_method() -> None:
    zone = {"_dmarc.example.com": f"{REJECT}; adkim=s"}
    assert judged(zone, "example.com", spf("a.example.com")).result is PASS
    assert judged(zone, "example.com", None, dkim("a.example.com")).result is FAIL


def test_the_walk_takes_eight_questions_at_most() -> None:
    zone = names({})
    walk = ask(walk_up("a.b.c.d.e.f.g.h.i.j.mail.example.com"), zone)
    assert [question.name for question in zone.asked] == [
        "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "_dmarc.g.h.i.j.mail.example.com",
        "_dmarc.h.i.j.mail.example.com",
        "_dmarc.i.j.mail.example.com",
        "_dmarc.j.mail.example.com",
        "_dmarc.mail.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    ]
    assert walk.organisation == "a.b.c.d.e.f.g.h.i.j.mail.example.com"
    assert len(targets(".".join("abcdefgh"))) == MOST_QUERIES
    assert targets("uk") == ("uk",)
    assert targets("trust.nhs.uk") == ("trust.nhs.uk", "nhs.uk", "uk")


def test_the_longest_name_is_not_asked_for_beyond_what_the_dns_can_hold() -> None:
    zone = names({})
    ask(walk_up(".".join(["a" * 61] * 4)), zone)
    assert all(len(question.name) <= 253 for question in zone.asked)


@pytest.mark.parametrize(
    ("records", "organisation", "policy_domain"),
    [
        ({"example.com": REJECT, "mail.example.com": REJECT}, "example.com", "mail.example.com"),
        ({"example.com": REJECT}, "example.com", "example.com"),
        ({"com": "v=DMARC1; p=none; psd=y", "example.com": REJECT}, "example.com", "example.com"),
        ({"com": "v=DMARC1; p=none; psd=y"}, "example.com", "com"),
        ({"example.com": "v=DMARC1; p=none; psd=n", "com": REJECT}, "example.com", "example.com"),
        (
            {"mail.example.com": "v=DMARC1; p=none; psd=n", "example.com": REJECT},
            "mail.example.com",
            "mail.example.com",
        ),
        ({"mail.example.com": "v=DMARC1; p=none; psd=y"}, "mail.example.com", "mail.example.com"),
        ({}, "mail.example.com", ""),
    ],
)
def test_organisation_and_policy(records: dict[str, str], organisation: str, policy_domain: str) -> None:
    walk = ask(walk_up("mail.example.com"), names({f"_dmarc.{name}": text for name, text in records.items()}))
    assert walk.organisation == organisation
    assert (walk.policy_record.domain if walk.policy_record else "") == policy_domain


def test_two_organisations_below_one_public_suffix_are_strangers() -> None:
    zone = {"_dmarc.bank.example": "v=DMARC1; p=reject; psd=y", "_dmarc.giant.bank.example": "v=DMARC1; p=quarantine"}
    assert judged(zone, "giant.bank.example", spf("mail.giant.bank.example")).result is PASS
    stranger = judged(zone, "giant.bank.example", None, dkim("mail.mega.bank.example"))
    assert (stranger.result, stranger.disposition) == (FAIL, DmarcPolicy.QUARANTINE)
    assert judged(zone, "giant.bank.example", None, dkim("bank.example")).result is FAIL


def test_a_name_with_a_hidden_dot_is_in_line_with_nothing() -> None:
    zone = {"_dmarc.trust.nhs.example": REJECT}
    assert judged(zone, "trust.nhs.example", spf("evil\\.trust.nhs.example")).result is FAIL


def test_hyphenated_and_deep_names_are_whole() -> None:
    zone = {"_dmarc.my-trust.nhs.uk": REJECT}
    assert judged(zone, "my-trust.nhs.uk").disposition is DmarcPolicy.REJECT
    assert judged(zone, "trust.nhs.uk", None, dkim("my-trust.nhs.uk")).result is NONE


@pytest.mark.parametrize(
    ("record", "author", "disposition"),
    [
        ("p=reject", "example.com", "reject"),
        ("p=Reject ; sp=none", "example.com", "reject"),
        ("p=reject; sp=quarantine", "child.example.com", "quarantine"),
        ("p=quarantine", "child.example.com", "quarantine"),
        ("p=none; sp=none; np=reject", "child.example.com", "none"),
        ("p=none; np=reject", "nowhere.example.com", "reject"),
        ("p=none; sp=quarantine", "nowhere.example.com", "quarantine"),
        ("p=reject; np=none", "example.com", "reject"),
        ("p=reject; t=y", "example.com", "quarantine"),
        ("p=quarantine; t=y", "example.com", "none"),
        ("p=none; t=y", "example.com", "none"),
        ("p=reject; pct=0; ri=1; fo=1; unknown=x; rubbish", "example.com", "reject"),
        ("p=reject; p=none", "example.com", "reject"),
        ("rua=mailto:a@example.com", "example.com", "none"),
        ("p=bogus; rua=mailto:a@example.com!10m", "example.com", "none"),
        ("p=reject; sp=bogus; rua=mailto:a@example.com", "example.com", "none"),
    ],
)
def test_what_is_to_be_done_about_a_failure(record: str, author: str, disposition: str) -> None:
    zone = {"_dmarc.example.com": f"v=DMARC1; {record}", "child.example.com": [{"MX": [10, "mx.example.com"]}]}
    evidence = judged(zone, author, spf("evil.example"))
    assert evidence.result is FAIL
    assert evidence.disposition == disposition
    assert evidence.policy_domain == "example.com"


@pytest.mark.parametrize(
    "texts",
    [
        [REJECT, "v=DMARC1; p=none"],
        ["v=DMARC2; p=reject"],
        ["v=dmarc1; p=reject"],
        ["V=DMARC1; p=reject"],
        ["p=reject; v=DMARC1"],
        ["v=DMARC1p=reject"],
        ["v=spf1 -all"],
        ["v=DMARC1; adkim=s"],
        ["v=DMARC1; p=bogus; rua=nobody"],
        [""],
    ],
)
def test_records_that_count_for_nothing(texts: list[str]) -> None:
    evidence = judged({"_dmarc.example.com": [{"TXT": text} for text in texts]}, "example.com", spf("example.com"))
    assert evidence.result is NONE
    assert evidence.disposition is DmarcPolicy.NONE


def test_another_text_beside_the_record_does_no_harm() -> None:
    found = only_record("example.com", ["v=spf1 -all", " v = DMARC1 ;p=reject"])
    assert found is not None
    assert found.policy is DmarcPolicy.REJECT


@pytest.mark.parametrize(
    ("zone", "sender", "signatures", "result"),
    [
        ({"_dmarc.example.com": "TIMEOUT"}, "example.com", [], TEMPERROR),
        ({"_dmarc.example.com": REJECT, "_dmarc.com": "TIMEOUT"}, "example.com", [], PASS),
        ({"_dmarc.example.com": REJECT, "_dmarc.com": "TIMEOUT"}, "a.example.com", [], PASS),
        ({"_dmarc.example.com": REJECT, "_dmarc.com": "TIMEOUT"}, "evil.com", [], FAIL),
        ({"_dmarc.com": "TIMEOUT"}, "example.com", [], TEMPERROR),
        ({"_dmarc.example.com": REJECT, "_dmarc.a.example.com": "TIMEOUT"}, "a.example.com", [], TEMPERROR),
        ({"_dmarc.example.com": REJECT, "_dmarc.com": "TIMEOUT"}, "evil.net", [], FAIL),
        ({"_dmarc.example.com": REJECT}, "evil.net", [dkim("example.com", TEMPERROR)], TEMPERROR),
        ({"_dmarc.example.com": REJECT}, "evil.net", [dkim("evil.net", TEMPERROR)], FAIL),
        ({"_dmarc.example.com": REJECT}, "example.com", [dkim("example.com", TEMPERROR)], PASS),
    ],
)
def test_silence_of_the_dns_is_no_answer(
    zone: dict[str, str], sender: str, signatures: list[DkimEvidence], result: AuthResult
) -> None:
    evidence = judged(zone, "example.com", spf(sender), *signatures)
    assert evidence.result is result, evidence
    assert (evidence.disposition is DmarcPolicy.REJECT) == (result is FAIL)


def test_silence_half_way_up_leaves_the_organisation_open() -> None:
    zone = {"_dmarc.a.b.example": REJECT, "_dmarc.b.example": "TIMEOUT"}
    assert judged(zone, "a.b.example", spf("c.b.example")).result is TEMPERROR
    assert judged(zone, "a.b.example", spf("evil.net")).result is FAIL
    assert judged(zone, "x.a.b.example", spf("evil.net")).result is TEMPERROR


def test_whether_a_domain_exists_may_stay_open() -> None:
    zone = {"_dmarc.example.com": "v=DMARC1; p=none; np=reject", "x.example.com": [{"A": "TIMEOUT"}]}
    assert judged(zone, "x.example.com").result is TEMPERROR


def test_a_signature_that_leaves_octets_out_proves_nothing() -> None:
    zone = {"_dmarc.example.com": REJECT}
    assert judged(zone, "example.com", None, dkim("example.com", whole_body=False)).result is FAIL


def test_every_author_must_be_proved() -> None:
    zone = {"_dmarc.example.com": REJECT, "_dmarc.nhs.example": "v=DMARC1; p=quarantine"}
    both = ["example.com", "nhs.example"]
    one_only = judged(zone, both, spf("example.com"))
    assert (one_only.result, one_only.domain, one_only.disposition) == (FAIL, "nhs.example", DmarcPolicy.QUARANTINE)
    assert "names 2 domains" in one_only.reason
    assert "names" not in judged(zone, "example.com").reason
    assert judged(zone, both).disposition is DmarcPolicy.REJECT
    assert judged(zone, both, spf("example.com"), dkim("nhs.example")).result is PASS
    assert judged(zone, ["example.com", "silent.example"], spf("example.com")).result is NONE
    assert judged(zone, []).result is PERMERROR
    crowd = [f"{number}.example" for number in range(MOST_AUTHOR_DOMAINS + 1)]
    assert judged(zone, crowd).result is PERMERROR
    assert judged(zone, crowd[1:]).result is NONE
