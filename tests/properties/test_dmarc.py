"""Whatever domains publish, a walk ends after eight questions, in a name above the domain or in the domain itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.zones import Zone, ask
from wardmail.model.sender import AuthResult, DkimEvidence, DmarcPolicy, SpfEvidence
from wardmail.posture.dmarc import check_dmarc
from wardmail.posture.dmarc_record import only_record
from wardmail.posture.dmarc_walk import MOST_QUERIES, walk_up

names = st.lists(st.sampled_from(["a", "b", "trust", "nhs", "uk"]), min_size=1, max_size=12).map(".".join)
tags = st.sampled_from(
    [
        "p=reject",
        "p=none",
        "p=x",
        "sp=quarantine",
        "np=reject",
        "psd=y",
        "psd=n",
        "t=y",
        "adkim=s",
        "aspf=s",
        "rua=mailto:a@b",
    ]
)
records = st.lists(tags, max_size=4).map(lambda chosen: "; ".join(["v=DMARC1", *chosen])) | st.just("TIMEOUT")
zones = st.dictionaries(names, records, max_size=6).map(
    lambda found: Zone(
        {f"_dmarc.{name}": ["TIMEOUT"] if text == "TIMEOUT" else [{"TXT": text}] for name, text in found.items()}
    )
)


@given(zones, names)
def test_walks(zone: Zone, start: str) -> None:
    walk = ask(walk_up(start), zone)
    assert len(zone.asked) <= MOST_QUERIES
    assert f".{start}".endswith(f".{walk.organisation}")
    assert [len(record.domain) for record in walk.records] == sorted(
        (len(each.domain) for each in walk.records), reverse=True
    )


@given(zones, names, names, st.sampled_from(list(AuthResult)))
def test_only_what_passed_below_the_same_organisation_can_prove_an_author(
    zone: Zone, author: str, sender: str, result: AuthResult
) -> None:
    spf, dkim = SpfEvidence(AuthResult.NONE, "", "mailfrom", ""), DkimEvidence(result, sender, "s", f"@{sender}", "")
    evidence = ask(check_dmarc([author], spf, [dkim]), zone)
    if evidence.result is AuthResult.PASS:
        assert result is AuthResult.PASS
        walks = [ask(walk_up(name), zone).organisation for name in (author, sender)]
        assert author == sender or walks[0] == walks[1]
    if evidence.disposition is not DmarcPolicy.NONE:
        assert evidence.result is AuthResult.FAIL


@given(st.lists(st.text(max_size=60) | st.text(max_size=60).map(lambda rest: f"v=DMARC1;{rest}"), max_size=3))
def test_any_text_can_be_read(texts: list[str]) -> None:
    record = only_record("x.example", texts)
    assert record is None or record.policy in DmarcPolicy
