"""A sharing agreement from the command line: recorded, signed by two, used by the next message, ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.journeys.gateway import Gateway, let_in, make_gateway
from tests.journeys.peers.ground import Authority

_DATES = ("--starts", "2026-01-01", "--ends", "2028-01-01")


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    made = make_gateway(tmp_path, Authority(tmp_path))
    made.do("route", "create", "sandbox", "--kind", "sandbox")
    let_in(made, "sandbox")
    return made


def _person(gateway: Gateway, name: str, role: str) -> dict[str, str]:
    made = gateway.do("person", "add", name, "--title", name, "--role", role, "--json")
    return {"WARDMAIL_PERSON_KEY": json.loads(made)["key"], "WARDMAIL_BY": name}


def _outcome(gateway: Gateway) -> str:
    options = (
        "--to",
        "matron@hospice.example",
        "--from",
        "app@trust.example",
        "--classification",
        "official-sensitive",
    )
    return str(gateway.ask("policy", "explain", *options)[0]["outcome"])


def test_from_record_to_end(gateway: Gateway) -> None:
    gov, second, doctor = (
        _person(gateway, n, r) for n, r in (("gov", "governance"), ("sec", "governance"), ("doc", "clinician"))
    )
    words = ("--partner", "St Example's", "--purpose", "care", "--information", "letters", "--document", "IG/1")
    where = ("--domain", "hospice.example", "--protection", "verified-tls")
    assert _outcome(gateway) == "hold"
    gateway.run("agreement", "add", "hospice", *words, *where, *_DATES, "--reason", "brand new", extra=gov)
    gateway.run("appetite", "state", "verified-tls", "--document", "Board 7", "--reason", "decided")
    gateway.run("appetite", "approve", 1, "--reason", "agreed", extra=gov)
    gateway.run("appetite", "approve", 1, "--reason", "agreed", status=6, extra=gov)
    gateway.run("appetite", "approve", 1, "--reason", "agreed", extra=second)
    assert gateway.ask("appetite", "show")[0]["in_force"] == "verified-tls"
    assert _outcome(gateway) == "hold"
    sign = ("agreement", "sign", "hospice", "--reason", "read it")
    gateway.run(*sign, "--part", "governance", extra=gov)
    assert (
        "may not sign off clinical safety"
        in gateway.run(*sign, "--part", "clinical-safety", status=4, extra=gov).stderr
    )
    assert _outcome(gateway) == "hold"
    gateway.run(*sign, "--part", "clinical-safety", extra=doctor)
    assert _outcome(gateway) == "deliver"
    shown = gateway.ask("agreement", "show", "hospice")[0]
    assert (shown["governance"]["by"], shown["clinical_safety"]["by"]) == ("gov", "doc")
    assert gateway.ask("agreement", "calendar", "--within", "4000")[0]["agreement"] == "hospice"
    gateway.run("agreement", "end", "hospice", "--reason", "partner left", "--yes", extra=gov)
    assert _outcome(gateway) == "hold"
    kinds = [each["kind"] for each in gateway.ask("audit", "list", "--limit", "100")]
    assert kinds.count("AgreementSigned") == 2
    assert "AgreementEnded" in kinds
    assert "RiskAppetiteApproved" in kinds


def test_a_withdrawal_never_brings_a_looser_appetite_back(gateway: Gateway) -> None:
    gov, second = (_person(gateway, name, "governance") for name in ("gov", "sec"))
    for number, level in ((1, "verified-tls"), (2, "wait")):
        gateway.run("appetite", "state", level, "--document", "Board", "--reason", "a test")
        for person in (gov, second):
            gateway.run("appetite", "approve", number, "--reason", "agreed", extra=person)
    assert "WM-APPETITE-LOOSER" in gateway.run("appetite", "withdraw", 2, "--reason", "a test", status=6).stderr
    gateway.run("appetite", "withdraw", 1, "--reason", "a test")
    gateway.run("appetite", "withdraw", 2, "--reason", "a test")
    assert gateway.ask("appetite", "show")[0]["in_force"] == "wait"


def test_a_bad_day_is_told(gateway: Gateway) -> None:
    words = ("--partner", "P", "--purpose", "p", "--information", "i", "--document", "d", "--domain", "p.example")
    done = gateway.run(
        "agreement", "add", "p1", *words, "--starts", "1/1/2026", "--ends", "2027-01-01", "--reason", "a test", status=2
    )
    assert "write it as 2027-03-31" in done.stderr
