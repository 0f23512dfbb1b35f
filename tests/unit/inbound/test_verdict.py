"""The verdict: the strictest wins, and what nobody can say is never clean."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.inbound.verdict import verdict
from wardmail.model.inspection import Finding, Inspection, Part, ScanOutcome, ScanReport, Severity
from wardmail.model.sender import (
    Acceptable,
    ArcEvidence,
    AuthResult,
    DmarcEvidence,
    DmarcPolicy,
    SenderEvidence,
    SpfEvidence,
)
from wardmail.model.verdict import Action, Wishes

ORDER = list(Action)
EMPTY = Inspection((), (), ())


def sender(
    result: AuthResult, disposition: DmarcPolicy = DmarcPolicy.NONE, author: str = "a@b.example"
) -> SenderEvidence:
    domain = author.rpartition("@")[2]
    return SenderEvidence(
        spf=SpfEvidence(AuthResult.NONE, "", "mailfrom", ""),
        dkim=(),
        arc=ArcEvidence(AuthResult.NONE, (), ""),
        dmarc=DmarcEvidence(result, domain, domain, DmarcPolicy.REJECT, disposition, ""),
        iprev=AuthResult.NONE,
        reverse_name="",
        authors=(author,),
        signature_acceptable=Acceptable.NO,
        reasons=(),
    )


def part(path: str = "1", kind: str = "text/plain", name: str = "", *findings: Finding) -> Part:
    return Part(path, kind, kind, name, 1, "", "", tuple(findings))


def of(*parts: Part, findings: tuple[Finding, ...] = ()) -> Inspection:
    return Inspection(parts, (), findings)


def test_nothing_found_is_accepted() -> None:
    assert verdict(of(part()), None, (), Wishes()).action is Action.ACCEPT


@pytest.mark.parametrize("result", [AuthResult.TEMPERROR, AuthResult.PERMERROR])
def test_a_sender_that_nobody_can_judge_is_said(result: AuthResult) -> None:
    assert verdict(of(part()), sender(result), (), Wishes()).action is Action.WARN


def test_an_unknown_scanner_is_never_clean() -> None:
    report = ScanReport("clamav", ScanOutcome.UNKNOWN, why="no answer in 30 s")
    assert verdict(of(part()), None, (report,), Wishes(on_malware=Action.WARN)).action is Action.QUARANTINE


@pytest.mark.parametrize("wish", [each for each in Action if each is not Action.REFUSE])
def test_malware_is_kept_back_whatever_the_wishes(wish: Action) -> None:
    report = ScanReport("clamav", ScanOutcome.FOUND, ("Eicar",))
    assert verdict(of(part()), None, (report,), Wishes(on_malware=wish)).action is Action.QUARANTINE


def test_what_cannot_be_read_is_kept_back_whatever_the_wishes() -> None:
    finding = Finding("x", Severity.UNREADABLE, 0, "Nobody can say.")
    wishes = Wishes(on_dangerous=Action.ACCEPT, quarantine_at=1000, warn_at=1000)
    assert verdict(of(findings=(finding,)), None, (), wishes).action is Action.QUARANTINE


def test_malware_is_treated_as_wished() -> None:
    report = ScanReport("clamav", ScanOutcome.FOUND, ("Eicar",))
    judged = verdict(of(part()), None, (report,), Wishes(on_malware=Action.REFUSE))
    assert (judged.action, judged.reasons) == (Action.REFUSE, ("clamav found Eicar.",))


@pytest.mark.parametrize("deny", [".exe", "application/x-dosexec", "application/*", ".EXE"])
def test_a_denied_kind_is_taken_out(deny: str) -> None:
    seen = of(part(), part("2/a.zip/b.exe", "application/x-dosexec", "b.exe"))
    judged = verdict(seen, None, (), Wishes(deny=(deny,)))
    assert (judged.action, judged.strip) == (Action.STRIP, ("2",))


def test_only_listed_kinds_but_the_text_of_the_message() -> None:
    seen = of(part("1"), part("2", "application/pdf", "a.pdf"), part("3", "image/png", "b.png"))
    judged = verdict(seen, None, (), Wishes(allow=("application/pdf",)))
    assert (judged.action, judged.strip) == (Action.STRIP, ("3",))


def test_a_danger_of_the_whole_message_cannot_be_stripped() -> None:
    finding = Finding("x", Severity.DANGEROUS, 80, "Bad.")
    assert verdict(of(findings=(finding,)), None, (), Wishes(on_dangerous=Action.STRIP)).action is Action.QUARANTINE


def test_weights_add_up_and_one_kind_counts_once() -> None:
    first, second = (Finding(name, Severity.SUSPICIOUS, 40, "s") for name in ("a", "b"))
    assert verdict(of(findings=(first,)), None, (), Wishes()).action is Action.WARN
    assert verdict(of(findings=(first, replace(first, part="2"))), None, (), Wishes()).action is Action.WARN
    assert verdict(of(findings=(first, second)), None, (), Wishes()).action is Action.QUARANTINE


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (sender(AuthResult.FAIL, DmarcPolicy.REJECT), Action.REFUSE),
        (sender(AuthResult.FAIL, DmarcPolicy.QUARANTINE), Action.QUARANTINE),
        (sender(AuthResult.FAIL), Action.ACCEPT),
        (sender(AuthResult.TEMPERROR), Action.WARN),
        (sender(AuthResult.PASS, author="a@sub.our.nhs.uk"), Action.ACCEPT),
        (sender(AuthResult.NONE, author="a@sub.OUR.nhs.uk"), Action.QUARANTINE),
        (sender(AuthResult.TEMPERROR, author="a@our.nhs.uk"), Action.QUARANTINE),
        (sender(AuthResult.NONE, author="a@not-our.nhs.uk"), Action.ACCEPT),
    ],
)
def test_who_sent_it(evidence: SenderEvidence, expected: Action) -> None:
    wishes = Wishes(on_dmarc_reject=Action.REFUSE, own_domains=("our.nhs.uk",))
    assert verdict(of(part()), evidence, (), wishes).action is expected


def test_a_claim_of_our_domain_without_evidence_is_kept_back() -> None:
    claim = Finding("claims-own-domain", Severity.NOTE, 0, "It says that it comes from our.nhs.uk, which is ours.")
    assert verdict(of(findings=(claim,)), None, (), Wishes()).action is Action.QUARANTINE
    assert verdict(of(findings=(claim,)), sender(AuthResult.PASS), (), Wishes()).action is Action.ACCEPT


FINDINGS = st.builds(
    Finding,
    st.sampled_from("abcdef"),
    st.sampled_from(Severity),
    st.integers(0, 100),
    st.just("s"),
    st.sampled_from(["", "1", "2"]),
)
REPORTS = st.builds(ScanReport, st.just("s"), st.sampled_from(ScanOutcome))
WISHES = st.builds(
    Wishes,
    on_dangerous=st.sampled_from(Action),
    on_malware=st.sampled_from(Action),
    warn_at=st.integers(1, 200),
    quarantine_at=st.integers(1, 200),
)


@given(st.lists(FINDINGS, max_size=6), FINDINGS, st.lists(REPORTS, max_size=2), REPORTS, WISHES)
def test_more_never_makes_it_milder(
    findings: list[Finding], another: Finding, reports: list[ScanReport], other: ScanReport, wishes: Wishes
) -> None:
    before = verdict(of(findings=tuple(findings)), None, reports, wishes)
    for after in (
        verdict(of(findings=(*findings, another)), None, reports, wishes),
        verdict(of(part("1", "text/plain", "", another), findings=tuple(findings)), None, reports, wishes),
        verdict(of(findings=tuple(findings)), None, [*reports, other], wishes),
    ):
        assert ORDER.index(after.action) >= ORDER.index(before.action)
        assert set(after.strip) >= set(before.strip)
