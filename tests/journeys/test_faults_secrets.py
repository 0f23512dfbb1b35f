"""Secrets that were planted are looked for wherever a gateway writes: logs, output, database, spool, keystore."""

from __future__ import annotations

import asyncio
import base64
import smtplib
from pathlib import Path

import pytest

from tests.journeys.gateway import SENDER, USER, Gateway, let_in, make_gateway, running
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.stage_server import Play, on_stage

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

SUBJECT, WORDS, PASSWORD = "Planted-Subject-4711", "Planted-Words-0815", "Planted-Password-1234"

LETTER = (
    f"From: {SENDER}\r\nSubject: {SUBJECT}\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
    f"%b\r\n{WORDS}\r\n"
).encode()

REFUSING = Play(features=["PIPELINING", "8BITMIME", "AUTH PLAIN"], lines={"AUTH": ["535 5.7.8 no"]})


async def test_nothing_that_was_planted_is_found_in_clear(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    authority = Authority(tmp_path)
    gateway = make_gateway(home, authority, settings={"log.level": "debug"})
    async with on_stage(REFUSING, authority.issue("upstream.localhost", "localhost")) as stage:
        where = ("--host", "localhost", "--port", stage.port, "--ca-file", authority.ca_file)
        login = ("--auth", "plain", "--username", "gateway", "--password-stdin")
        gateway.do("route", "create", "relay", "--kind", "smarthost", *where, *login, stdin=PASSWORD)
        let_in(gateway, "relay")
        said = await asyncio.to_thread(_use, gateway)
        assert stage.count("AUTH") > 0
    planted = [SUBJECT, WORDS, PASSWORD, gateway.secrets[USER]]
    assert not [text for text in planted if text in said + gateway.log()]
    master = (home / "data" / "master.key").read_bytes().strip()
    needles = [form for text in planted for form in (text.encode(), base64.b64encode(text.encode()))]
    written = [path for path in home.rglob("*") if path.is_file()]
    assert {path.suffix for path in written} >= {".db", ".sealed", ".json", ".toml"}
    for path in written:
        content = path.read_bytes()
        assert not [needle for needle in needles if needle in content], path
        assert master not in content or path.name == "master.key", path
        assert path.stat().st_mode & 0o007 == 0, f"others can use {path}"


def _use(gateway: Gateway) -> str:
    """A message that waits, one that is held, one that is spooled, a wrong log-in; and what the commands say then."""
    with running(gateway, workers=2):
        sent = [
            gateway.send(LETTER % b"", "a@nhs.net"),
            gateway.send(LETTER % b"Wardmail-Classification: official-sensitive\r\n", "b@example.com"),
            gateway.send(LETTER % b"" + b"filler\r\n" * 400_000, "c@nhs.net"),
        ]
        gateway.wait_for_states(sent[0], "deferred")
        gateway.wait_for_states(sent[2], "deferred")
        with smtplib.SMTP("localhost", gateway.port, timeout=20) as client:
            client.starttls(context=gateway.trust())
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login(USER, f"{gateway.secrets[USER]}-but-wrong")
        questions = [("trace", each) for each in sent]
        questions += [("hold", "show", sent[1]), ("queue", "list"), ("route", "show", "relay"), ("secret", "list")]
        answers = [gateway.run(*question) for question in questions]
    return "".join(answer.stdout + answer.stderr for answer in answers)
