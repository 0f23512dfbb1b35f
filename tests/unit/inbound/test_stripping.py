"""Stripping replaces parts and nothing else, for our reader and for others."""

from __future__ import annotations

import email

import pytest

from tests.mail_of import PROGRAM, attached, multipart
from wardmail.content.inspection import inspect
from wardmail.inbound.stripping import CannotStrip, Stripped, strip
from wardmail.inbound.verdict import verdict
from wardmail.model.verdict import Action, Wishes

NOTICE = "{name} was taken out because it is not safe.\n--bb\nAsk the service desk."
TEXT = b"Content-Type: text/plain\r\n\r\nhello"


def stripped(message: bytes, *paths: str) -> Stripped:
    result = strip(message, paths, NOTICE)
    assert isinstance(result, Stripped)
    return result


def test_a_program_gives_way_to_a_notice() -> None:
    message = attached(PROGRAM, "evil.exe")
    judged = verdict(inspect(message), None, (), Wishes(on_dangerous=Action.STRIP))
    assert (judged.action, judged.strip) == (Action.STRIP, ("2",))
    result = stripped(message, *judged.strip)
    assert result.removed == ("evil.exe",)
    before, after = message.index(b"\r\n--bb\r\nContent-Type: app"), result.message.rindex(b"\r\n--bb--")
    assert result.message[:before] == message[:before]
    assert result.message[after:] == message[message.rindex(b"\r\n--bb--") :]
    assert verdict(inspect(result.message), None, (), Wishes()).action is Action.ACCEPT


def test_other_readers_find_the_notice_and_no_program() -> None:
    parsed = email.message_from_bytes(stripped(attached(PROGRAM, "evil.exe"), "2").message)
    parts = [part for part in parsed.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/plain"]
    assert b"evil.exe was taken out" in (parts[1].get_payload(decode=True) or b"")
    assert b"MZ" not in b"".join(bytes(part.get_payload(decode=True)) for part in parts)


def test_what_stands_in_an_archive_goes_with_the_archive() -> None:
    assert stripped(attached(b"x", "a.zip"), "2/inner/evil.exe").removed == ("a.zip",)


def test_a_part_of_an_attached_message_goes_alone() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\n" + attached(PROGRAM, "evil.exe").replace(b"bb", b"cc")
    message = multipart(TEXT, inner, TEXT)
    result = stripped(message, "2.2")
    assert b"evil.exe was taken out" in result.message
    assert not any(part.detected_type == "application/x-dosexec" for part in inspect(result.message).parts)
    assert result.message.endswith(message[-60:])


def test_two_parts_at_once() -> None:
    parts = attached(PROGRAM, "a.exe").split(b"--bb\r\n")[2].split(b"--bb--")[0].rstrip(b"\r\n")
    result = stripped(multipart(TEXT, parts, TEXT, parts), "2", "4")
    assert result.message.count(b"was taken out") == 2


def test_what_stays_findable_elsewhere_is_not_called_stripped() -> None:
    parts = attached(PROGRAM, "a.exe").split(b"--bb\r\n")[2].split(b"--bb--")[0].rstrip(b"\r\n")
    assert isinstance(strip(multipart(TEXT, parts, parts), ["2"], NOTICE), CannotStrip)


@pytest.mark.parametrize("path", ["1", "7", "~odd1", ""])
def test_a_message_that_is_all_danger_or_has_no_such_part(path: str) -> None:
    assert isinstance(strip(b"Content-Type: application/x-dosexec\r\n\r\nMZ", [path], NOTICE), CannotStrip)


def test_the_name_cannot_inject() -> None:
    result = stripped(attached(PROGRAM, "=?utf-8?q?a=0D=0AX-Evil:_1?=.exe"), "2")
    assert b"\r\nX-Evil" not in result.message.partition(b"taken out")[0].rpartition(b"Content-Type: text/plain")[2]


def test_signed_messages_are_told() -> None:
    assert stripped(b"Received: x\r\nDKIM-Signature: v=1\r\n" + attached(PROGRAM, "evil.exe"), "2").was_signed
    assert not stripped(attached(PROGRAM, "evil.exe"), "2").was_signed
