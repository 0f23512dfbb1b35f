"""People at the command line: accounts, keys, roles, and what the audit then says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.gateway import Gateway, make_gateway
from tests.journeys.peers.ground import Authority


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return make_gateway(tmp_path, Authority(tmp_path))


def _add(gateway: Gateway, name: str, *roles: str) -> str:
    options = [word for role in roles for word in ("--role", role)]
    return str(gateway.ask("person", "add", name, "--title", name.title(), *options)[0]["key"])


def test_who_sets_up_is_the_first_owner(gateway: Gateway) -> None:
    (owner,) = gateway.ask("person", "list")
    assert owner["roles"] == ["owner"]
    assert owner["logins"]


def test_a_person_is_proved_by_key_and_may_what_the_role_may(gateway: Gateway) -> None:
    key = _add(gateway, "dev", "developer")
    create = ("route", "create", "out", "--kind", "sandbox", "--by", "dev")
    unproved = gateway.run(*create, status=4)
    assert "WM-PERSON-NOT-PROVED" in unproved.stderr
    refused = gateway.run(*create, status=4, extra={"WARDMAIL_PERSON_KEY": key})
    assert "dev may not change routes" in refused.stderr
    assert "Who may: " in refused.stderr
    gateway.do("route", "create", "out", "--kind", "sandbox")
    made = gateway.run(
        *("integration", "create", "app", "--route", "out", "--sender", "@trust.example", "--by", "dev"),
        extra={"WARDMAIL_PERSON_KEY": key},
    )
    assert made.returncode == 0
    saved = [each for each in gateway.ask("audit", "list") if each["kind"] == "IntegrationSaved"]
    assert [each["actor"] for each in saved] == ["dev"]


def test_a_key_stops_when_the_person_leaves_or_gets_another(gateway: Gateway) -> None:
    first = _add(gateway, "amina", "owner")
    second = str(gateway.ask("person", "key", "amina", "--reason", "was lost")[0]["key"])
    change = ("person", "change", "amina", "--title", "Amina K", "--reason", "married", "--by", "amina")
    gateway.run(*change, status=4, extra={"WARDMAIL_PERSON_KEY": first})
    gateway.run(*change, extra={"WARDMAIL_PERSON_KEY": second})
    gateway.run("person", "leave", "amina", "--reason", "left the trust", "--yes")
    gateway.run(*change, status=4, extra={"WARDMAIL_PERSON_KEY": second})
    assert "amina" not in [each["person"] for each in gateway.ask("person", "list")]
    assert "amina" in [each["person"] for each in gateway.ask("person", "list", "--all")]


def test_a_key_that_is_revoked_has_no_successor(gateway: Gateway) -> None:
    first = _add(gateway, "amina", "owner")
    told = gateway.do("person", "key", "amina", "--revoke", "--reason", "it stood in a chat")
    assert "amina has no key any more" in told
    change = ("person", "change", "amina", "--title", "Amina K", "--reason", "married", "--by", "amina")
    gateway.run(*change, status=4, extra={"WARDMAIL_PERSON_KEY": first})
    again = gateway.run("person", "key", "amina", "--revoke", "--reason", "once more", status=2)
    assert "amina has no key" in again.stderr


def test_a_new_key_is_shown_as_the_api_wants_it(gateway: Gateway) -> None:
    _add(gateway, "amina", "owner")
    shown = gateway.do("person", "key", "amina", "--reason", "for a script")
    key = shown.split("Key     ")[1].split()[0]
    assert f"Authorization: Bearer wmp_amina.{key}" in shown


def test_the_last_owner_stays(gateway: Gateway) -> None:
    (owner,) = gateway.ask("person", "list")
    done = gateway.run("person", "leave", owner["person"], "--reason", "a test", "--yes", status=2)
    assert "nobody with the role owner" in done.stderr


def test_a_shifted_clock_is_a_fault_that_doctor_names(gateway: Gateway) -> None:
    (before,) = gateway.ask("person", "list")
    _add(gateway, "later", "viewer")
    gateway.run(
        *("person", "add", "next-year", "--title", "N", "--role", "viewer"),
        extra={"WARDMAIL__GATEWAY__CLOCK_AHEAD_DAYS": "400"},
    )
    added = {each["person"]: each["added_at"] for each in gateway.ask("person", "list")}
    assert added["next-year"][:4] > before["added_at"][:4]
    doctor = gateway.run("doctor", status=None, extra={"WARDMAIL__GATEWAY__CLOCK_AHEAD_DAYS": "400"})
    assert "400 days ahead" in doctor.stdout


def test_how_a_person_logs_in_is_set_shown_once_and_ended(gateway: Gateway) -> None:
    _add(gateway, "amina", "governance")
    why = ("--reason", "new here")
    weak = gateway.run("person", "password", "amina", *why, stdin="short", status=2)
    assert "three random words" in weak.stderr
    words = "plum ladder ocean"
    done = gateway.run("person", "password", "amina", *why, stdin=f"{words}\n")
    assert "cannot log in yet" in done.stderr
    (made,) = gateway.ask("person", "second-factor", "amina", *why)
    assert len(made["recovery_codes"]) == 10
    gateway.run("person", "second-factor", "amina", *why, status=1)
    assert gateway.ask("person", "sessions") == []
    assert gateway.ask("person", "sign-out", "amina", *why, "--yes") == [{"person": "amina", "ended": 0}]
    gateway.run("person", "password", "nobody", *why, stdin=words, status=5)
    told = gateway.run("audit", "list", "--json").stdout
    kept = told + gateway.log() + (gateway.directory / "data" / "wardmail.db").read_bytes().decode("latin-1")
    for secret in (words, made["secret"], made["recovery_codes"][0]):
        assert secret not in kept
    assert {"PasswordSet", "SecondFactorSet", "SignedOut"} <= {each["kind"] for each in gateway.ask("audit", "list")}
