"""Applications at the other end: a webhook, a Postfix, a Dovecot by LMTP and IMAP, a Maildir; and ends that misbehave."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.journeys.courier_kit import KnownSecrets, WallClock
from tests.journeys.peers.dovecot_mail import MailDovecot, running_mailboxes
from tests.journeys.peers.ground import Authority, free_port
from tests.journeys.peers.postfix import DOMAIN, running_postfix
from tests.journeys.peers.webhook import SECRET, receiving
from wardmail.edges.handovers.routed import assemble_handovers
from wardmail.edges.public_address import AddressRefused, address_to_call
from wardmail.model.handover import Handover, HandoverKind, NotTaken, Parcel, Taken
from wardmail.model.route import TlsMode

MESSAGE = (
    b"Wardmail-Message-Id: 01M\r\nWardmail-Verdict: accept\r\nFrom: ward@nhs.example\r\nSubject: a letter\r\n\r\n"
    b".dot\r\nHello\r\n"
)
USER = "letters@trust.example"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def dovecot(authority: Authority) -> Iterator[MailDovecot]:
    with running_mailboxes(authority) as made:
        yield made


def parcel(message: bytes = MESSAGE, attempts: int = 0, name: str = "01M") -> Parcel:
    return Parcel(
        name, "ward@nhs.example", (USER,), message, 1_800_000_000.0, {"id": name, "verdict": "accept"}, attempts
    )


async def hand(terms: Handover, what: Parcel | None = None) -> Taken | NotTaken:
    secrets = KnownSecrets(hook=SECRET.encode(), pw=b"correct-horse", wrong=b"nonsense")
    courier = assemble_handovers(secrets, WallClock(), hostname="gateway.example")
    try:
        return await courier.hand_over(what or parcel(), terms)
    finally:
        await courier.close()


# -- webhook


def hook(url: str, authority: Authority) -> Handover:
    return Handover(
        "app",
        HandoverKind.WEBHOOK,
        url=url,
        signing_refs=("keystore:hook",),
        allow_private=True,
        ca_file=str(authority.ca_file),
    )


async def test_a_webhook_gets_it_signed_with_its_key(authority: Authority) -> None:
    with receiving(authority) as receiver:
        assert isinstance(await hand(hook(receiver.url, authority)), Taken)
        assert receiver.forged == 0
        assert receiver.ids == ["01M"]
        (body,) = [json.loads(each) for each in receiver.taken]
        assert body["type"] == "mail.received"
        assert base64.b64decode(body["data"]["message"]) == MESSAGE
        assert body["data"]["verdict"] == "accept"


@pytest.mark.parametrize(("status", "permanent"), [(500, False), (302, False), (404, False), (410, True)])
async def test_only_2xx_is_a_receipt(authority: Authority, status: int, permanent: bool) -> None:
    with receiving(authority) as receiver:
        receiver.answers = [status]
        outcome = await hand(hook(receiver.url, authority))
        assert isinstance(outcome, NotTaken)
        assert outcome.permanent is permanent
        assert len(receiver.ids) == 1, "nothing is followed"


async def test_a_webhook_on_this_machine_is_not_called_unless_its_record_says_so(authority: Authority) -> None:
    with receiving(authority) as receiver:
        outcome = await hand(replace(hook(receiver.url, authority), allow_private=False))
        assert isinstance(outcome, NotTaken)
        assert "not public" in outcome.why
        assert receiver.ids == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "0.0.0.0", "100.64.0.1"],
)
async def test_addresses_that_are_not_public_are_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        await address_to_call(host, 443, allow_private=False)


@pytest.mark.parametrize("host", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0"])
async def test_some_addresses_are_never_called(host: str) -> None:
    with pytest.raises(AddressRefused):
        await address_to_call(host, 443, allow_private=True)


async def test_a_webhook_that_is_not_there_or_is_another_is_tried_again(authority: Authority) -> None:
    assert isinstance(await hand(hook(f"https://localhost:{free_port()}/", authority)), NotTaken)
    with receiving(authority) as receiver:
        stranger = replace(hook(receiver.url, authority), ca_file=None)
        outcome = await hand(stranger)
        assert isinstance(outcome, NotTaken)
        assert not outcome.permanent
        assert receiver.ids == []


# -- mail servers


async def test_a_postfix_gets_it_by_smtp(authority: Authority) -> None:
    with running_postfix(authority.issue("localhost")) as postfix:
        terms = Handover(
            "app",
            HandoverKind.SMTP,
            host="localhost",
            port=postfix.port,
            ca_file=str(authority.ca_file),
            recipients=(f"anna@{DOMAIN}",),
        )
        taken = await hand(terms)
        assert isinstance(taken, Taken), taken
        (message,) = postfix.wait_for_messages("anna", 1)
        assert b"Wardmail-Verdict: accept" in message
        assert message.endswith(b"\n.dot\nHello\n")
        refused = await hand(replace(terms, recipients=("nobody@elsewhere.example",)))
        assert isinstance(refused, NotTaken)
        unproved = await hand(replace(terms, ca_file=None))
        assert isinstance(unproved, NotTaken)
        assert not unproved.permanent


def lmtp(dovecot: MailDovecot, authority: Authority) -> Handover:
    return Handover("app", HandoverKind.LMTP, host="localhost", port=dovecot.lmtp, ca_file=str(authority.ca_file))


async def test_a_dovecot_gets_it_by_lmtp_over_tls_and_by_its_socket(dovecot: MailDovecot, authority: Authority) -> None:
    assert isinstance(taken := await hand(lmtp(dovecot, authority)), Taken), taken
    local = Handover("app", HandoverKind.LMTP, socket=str(dovecot.directory / "lmtp"))
    assert isinstance(taken := await hand(local), Taken), taken
    assert [each.count(b"Wardmail-Verdict: accept") for each in dovecot.kept(USER)] == [1, 1]


async def test_lmtp_needs_the_name_proved_and_a_server(dovecot: MailDovecot, authority: Authority) -> None:
    before = len(dovecot.kept(USER))
    assert isinstance(await hand(replace(lmtp(dovecot, authority), ca_file=None)), NotTaken)
    assert isinstance(await hand(replace(lmtp(dovecot, authority), port=free_port())), NotTaken)
    assert isinstance(await hand(Handover("app", HandoverKind.LMTP, socket="/nowhere")), NotTaken)
    assert len(dovecot.kept(USER)) == before


async def test_a_folder_gets_it_by_imap_once(dovecot: MailDovecot, authority: Authority) -> None:
    terms = Handover(
        "app",
        HandoverKind.IMAP,
        host="localhost",
        port=dovecot.imap,
        ca_file=str(authority.ca_file),
        username="appended@trust.example",
        secret_ref="keystore:pw",
        tls_mode=TlsMode.IMPLICIT,
    )
    assert isinstance(taken := await hand(terms), Taken), taken
    again = await hand(terms, parcel(attempts=1))
    assert again == Taken("from an earlier try")
    assert dovecot.kept("appended@trust.example") == [MESSAGE.replace(b"\r\n", b"\n")]
    wrong = await hand(replace(terms, secret_ref="keystore:wrong"))
    assert isinstance(wrong, NotTaken)
    assert "nonsense" not in wrong.why
    assert isinstance(await hand(replace(terms, folder="Nowhere")), NotTaken)
    assert isinstance(await hand(replace(terms, secret_ref="keystore:gone")), NotTaken)


# -- Maildir


async def test_a_maildir_gets_it_once(tmp_path: Path) -> None:
    terms = Handover("app", HandoverKind.MAILDIR, directory=str(tmp_path / "box"))
    assert isinstance(await hand(terms), Taken)
    (file,) = (tmp_path / "box" / "new").iterdir()
    assert file.read_bytes() == MESSAGE
    file.rename(tmp_path / "box" / "cur" / f"{file.name}:2,S")
    assert isinstance(await hand(terms, parcel(attempts=1)), Taken)
    assert list((tmp_path / "box" / "new").iterdir()) == [], "a reader has it already"
    assert list((tmp_path / "box" / "tmp").iterdir()) == []


async def test_a_maildir_that_cannot_be_made_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = await hand(Handover("app", HandoverKind.MAILDIR, directory=str(tmp_path / "file" / "box")))
    assert isinstance(outcome, NotTaken)
    assert not outcome.permanent


async def test_bare_line_ends_are_mended_for_mail_servers_only(dovecot: MailDovecot, authority: Authority) -> None:
    box = Handover("app", HandoverKind.LMTP, socket=str(dovecot.directory / "lmtp"), recipients=("bare@trust.example",))
    bare = b"Wardmail-Message-Id: 02M\r\nFrom: a@b.example\n\nbare\nlines\r"
    assert isinstance(taken := await hand(box, parcel(bare, name="02M")), Taken), taken
    assert b"bare\r\nlines\r\n" in dovecot.kept("bare@trust.example")[0].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
