"""`doctor` on secrets: what ends is said in time, and a secret in the open is found but not repeated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from wardmail.app.diagnosis_of_secrets import literals, retention, secrets
from wardmail.app.finding import Finding
from wardmail.app.installation import Installation
from wardmail.app.output import today_of
from wardmail.app.set_up import set_up
from wardmail.app.settings import Settings, Value, load
from wardmail.edges.master_key import master_key, new_master_key
from wardmail.edges.sealing import ContentSealer
from wardmail.model.route import AuthMechanism, OAuthClient, Route, RouteKind

PLANTED = "Planted-Password-1234"


def settings(directory: Path, **more: str) -> Settings:
    flags = {"gateway.data": str(directory), **{key.replace("__", "."): each for key, each in more.items()}}
    return load(None, flags=flags, environ={})


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.chdir(tmp_path)
    set_up(settings(tmp_path), "root")
    opened = Installation(settings(tmp_path))
    yield opened
    opened.database.close()


def route(name: str = "relay", **more: object) -> Route:
    return Route(name, RouteKind.SMARTHOST, "smtp.example", auth=AuthMechanism.PLAIN, username="u", **more)  # type: ignore[arg-type]


def of(installation: Installation, check: str) -> list[Finding]:
    return [each for each in secrets(installation) if each.check == check]


@pytest.mark.parametrize(
    ("days", "grade", "words"),
    [
        (61, None, ""),
        (59, "advice", "expires in 59 days"),
        (29, "advice", "soon"),
        (6, "fault", "expires in 6 days"),
        (-1, "fault", "has expired"),
    ],
)
def test_what_ends_is_said_in_time(installation: Installation, days: int, grade: str | None, words: str) -> None:
    installation.keystore.put("p", "route-secret", b"x", since=str(installation.clock.now()))
    installation.register.save_route(route(secret_ref="keystore:p"), "test")
    ends = today_of(installation.clock.now()) + timedelta(days=days)
    installation.secret_notes.changed("SecretDated", "keystore:p", "test", ends)
    found = of(installation, "Secret keystore:p")
    assert [each.grade for each in found] == ([grade] if grade else [])
    assert all(
        words in each.found and "route relay" in each.found and "secret rotate p" in each.to_do for each in found
    )


def test_an_old_secret_and_one_that_cannot_be_read(installation: Installation) -> None:
    installation.keystore.put("old", "route-secret", b"x", since=str(installation.clock.now() - 400 * 86_400))
    installation.register.save_route(route("a", secret_ref="keystore:old"), "test")
    installation.register.save_route(route("b", secret_ref="vault:kv/smtp#password"), "test")
    (old,) = of(installation, "Secret keystore:old")
    assert (old.grade, "400 days old" in old.found) == ("advice", True)
    (unreadable,) = of(installation, "Secret vault:kv/smtp#password")
    assert unreadable.grade == "fault"
    assert "vault.address is not set" in unreadable.found


def test_literal_secrets_are_found_and_not_repeated(installation: Installation, tmp_path: Path) -> None:
    client = OAuthClient("https://login.example/token", "id", PLANTED, "")
    installation.register.save_route(route("a", secret_ref=PLANTED), "test")
    installation.register.save_route(route("b", oauth=client), "test")
    installation.register.save_route(route("c", secure_tag="hvs.CAESIJ1qwertyuiopasdfghjkl"), "test")
    values = dict(settings(tmp_path).values)
    values |= {
        "azure.client_secret": Value(PLANTED, "w.toml line 3"),
        "gateway.database": Value(f"postgresql://w:{PLANTED}@db/w", "w.toml line 9"),
        "vault.role": Value("eyJhbGciOiJIUzI1NiIsInR5cCI6.x.y", "environment"),
    }
    found = list(literals(Settings(values), installation.register.snapshot()))
    said = "\n".join(f"{each.check} {each.found} {each.to_do}" for each in found)
    assert len(found) == 6
    assert all(each.grade == "fault" for each in found)
    for place in (
        "azure.client_secret",
        "route a",
        "route b",
        "Route c",
        "gateway.database",
        "vault.role",
        "w.toml line 9",
    ):
        assert place in said
    assert PLANTED not in said and "hvs." not in said and "eyJ" not in said
    assert [Settings(values).shown(key) for key in ("azure.client_secret", "vault.role")] == [
        "(not shown: it looks like a secret)"
    ] * 2
    assert Settings(values).shown("gateway.database") == "postgresql://w:***@db/w"


def test_an_unfinished_change_of_the_master_key_and_open_files(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "next").write_bytes(new_master_key())
    (tmp_path / "next").chmod(0o600)
    installation.keystore.relock(installation.master, master_key(f"file:{tmp_path / 'next'}"))
    (tmp_path / "keystore.json").chmod(0o644)
    said = [each.found for each in of(installation, "Secrets")]
    assert any("not finished" in each for each in said)
    assert any("others can read" in each and "keystore.json" in each for each in said)


def test_a_password_at_microsoft_has_an_end(installation: Installation) -> None:
    installation.keystore.put("p", "route-secret", b"x")
    there = Route(
        "o365", RouteKind.EXCHANGE_ONLINE, "smtp.office365.com", auth=AuthMechanism.LOGIN, secret_ref="keystore:p"
    )
    installation.register.save_route(there, "test")
    (found,) = of(installation, "Route o365")
    assert "December 2026" in found.found and "xoauth2" in found.to_do


def test_data_keys_past_their_end_are_a_fault(installation: Installation) -> None:
    assert [each.grade for each in retention(installation)] == ["good"]
    ContentSealer(installation.keystore).seal((b"x",), b"c", "2020-01-01.30")
    (found,) = retention(installation)
    assert (found.grade, "2020-01-01.30" in found.found) == ("fault", True)
