"""Who gets in: secrets, expiry, revocation, networks; and what a guesser learns."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from wardmail.manage.integrations import (
    BadInput,
    checked_name,
    checked_networks,
    checked_senders,
    make_credential,
    new_secret,
)
from wardmail.model.address import Address
from wardmail.model.identity import Identity
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.refusal import Refusal
from wardmail.model.register import RegisterSnapshot
from wardmail.outbound.authentication import authenticate
from wardmail.outbound.authorisation import check_sender, may_send_as

PEPPER = b"p" * 32
MADE = make_credential("app-1", "app", PEPPER, 1000.0, lifetime_days=1, networks=("10.0.0.0/8",))
APP = Integration(
    "app", "App", "relay", ("app@trust.example", "@team.example"), networks=("10.0.0.0/8", "2001:db8::/32")
)


def snapshot(**changes: object) -> RegisterSnapshot:
    credential = replace(MADE.credential, **{k: v for k, v in changes.items() if k != "state"})  # type: ignore[arg-type]
    integration = replace(APP, state=changes.get("state", IntegrationState.LIVE))  # type: ignore[arg-type]
    return RegisterSnapshot(1, {"app": integration}, {"app-1": credential}, {}, {}, None, 0.0)


def log_in(known: RegisterSnapshot, secret: str = MADE.secret, peer: str = "10.1.2.3", now: float = 2000.0) -> str:
    result = authenticate(known, PEPPER, "app-1", secret, peer=peer, now=now)
    return "in" if isinstance(result, Identity) else result.error


def test_the_right_secret_gets_in() -> None:
    assert log_in(snapshot()) == "in"


@pytest.mark.parametrize(
    ("known", "arguments", "error"),
    [
        (snapshot(), {"secret": MADE.secret + "x"}, "WM-AUTH-INVALID"),
        (snapshot(), {"secret": ""}, "WM-AUTH-INVALID"),
        (snapshot(revoked_at=1500.0), {}, "WM-AUTH-INVALID"),
        (snapshot(), {"now": 1000.0 + 86_401}, "WM-AUTH-EXPIRED"),
        (snapshot(), {"peer": "192.0.2.1"}, "WM-AUTH-INVALID"),
        (snapshot(), {"peer": "2001:db8::1"}, "WM-AUTH-INVALID"),
        (snapshot(integration_id="gone"), {}, "WM-AUTH-INVALID"),
        (snapshot(state=IntegrationState.SUSPENDED), {}, "WM-INTEGRATION-SUSPENDED"),
    ],
)
def test_others_do_not(known: RegisterSnapshot, arguments: dict[str, object], error: str) -> None:
    assert log_in(known, **arguments) == error  # type: ignore[arg-type]


def test_an_ipv4_peer_on_an_ipv6_socket_is_the_same_peer() -> None:
    assert log_in(snapshot(), peer="::ffff:10.1.2.3") == "in"


def test_an_unknown_user_and_a_wrong_secret_are_told_alike() -> None:
    unknown = authenticate(snapshot(), PEPPER, "nobody", "x", peer="10.1.2.3", now=2000.0)
    wrong = authenticate(snapshot(), PEPPER, "app-1", "x", peer="10.1.2.3", now=2000.0)
    assert isinstance(unknown, Refusal)
    assert isinstance(wrong, Refusal)
    assert (unknown.code, unknown.status, unknown.public) == (wrong.code, wrong.status, wrong.public)


def test_secrets_are_long_random_and_kept_only_as_a_hash() -> None:
    other = make_credential("app-2", "app", PEPPER, 1000.0, lifetime_days=None)
    assert len(other.secret) >= 43
    assert other.secret != MADE.secret
    assert other.secret not in repr(other)
    assert other.secret.encode() not in other.credential.secret_hash


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        (Address("app", "trust.example"), True),
        (Address("APP", "trust.example"), True),
        (Address("boss", "trust.example"), False),
        (Address("anyone", "team.example"), True),
        (Address("anyone", "sub.team.example"), False),
        (Address("anyone", "evilteam.example"), False),
    ],
)
def test_senders(address: Address, allowed: bool) -> None:
    assert may_send_as(APP, address) is allowed


def test_an_empty_return_address_needs_leave() -> None:
    assert check_sender(APP, None) is not None
    assert check_sender(replace(APP, may_use_null_sender=True), None) is None


def test_what_people_type_is_checked_and_put_into_one_form() -> None:
    assert checked_senders(("App@Trust.Example", "@Team.Example", "team.example")) == (
        "app@trust.example",
        "@team.example",
    )
    assert checked_networks(("10.1.2.3/8",)) == ("10.0.0.0/8",)
    for bad in (
        checked_senders(("a@@b",)),
        checked_senders(("@-",)),
        checked_networks(("10.x",)),
        checked_name("Bad Name"),
    ):
        assert isinstance(bad, BadInput)
        assert bad.reason


def test_secrets_are_taken_for_no_option_and_need_no_quotes() -> None:
    made = {new_secret() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9]{43}", secret) for secret in made)
