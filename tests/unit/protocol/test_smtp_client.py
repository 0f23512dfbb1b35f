"""The client's half of a transaction: every order of replies, and what comes of each recipient."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wardmail.model.address import Address
from wardmail.model.consignment import ConsignedRecipient, Consignment
from wardmail.model.delivery import Ambiguous, Deferred, Delivered, Failed, HandedOn
from wardmail.model.message import MemoryBody
from wardmail.model.route import TlsLevel
from wardmail.protocol.content_encoder import BareNewline
from wardmail.protocol.peer_features import PeerFeatures
from wardmail.protocol.peer_reply import ProtocolFault, ReplyReader
from wardmail.protocol.smtp_client import Step, Transaction
from wardmail.protocol.xoauth2 import initial_response

PIPELINING = PeerFeatures(pipelining=True, eight_bit=True, size_limit=0)
EVERYTHING = PeerFeatures(pipelining=True, eight_bit=True, smtputf8=True, dsn=True, require_tls=True, size_limit=10_000)

LETTER = Consignment(
    message_id="1",
    route="r",
    sender=Address("app", "trust.example"),
    recipients=(ConsignedRecipient(1, Address("a", "x.example")), ConsignedRecipient(2, Address("b", "x.example"))),
    head=b"Subject: s\r\n",
    body=MemoryBody((b"text\r\n",)),
    tls=TlsLevel.VERIFIED,
)


class SpooledBody:
    """A body that is read in chunks, as from a file."""

    is_spooled = True

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks
        self.size = sum(map(len, chunks))

    def chunks(self):
        return iter(self._chunks)


def transaction(
    letter: Consignment = LETTER, features: PeerFeatures = PIPELINING, to_mailbox: bool = False
) -> Transaction:
    return Transaction(letter, letter.recipients, features, to_mailbox=to_mailbox)


def hear(under_way: Transaction, *lines: str) -> bytes:
    """Feed replies; returns everything that was written in answer."""
    replies = ReplyReader().feed("".join(f"{line}\r\n" for line in lines).encode())
    return b"".join(under_way.receive(reply) for reply in replies)


def send_content(under_way: Transaction) -> bytes:
    return b"".join(under_way.content())


def test_everything_goes_in_one_write_when_the_server_pipelines():
    under_way = transaction()
    assert under_way.begin() == (
        b"MAIL FROM:<app@trust.example> SIZE=20\r\nRCPT TO:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n"
    )
    assert hear(under_way, "250 ok", "250 ok", "250 ok", "354 go") == b""
    assert under_way.step is Step.CONTENT
    assert send_content(under_way) == b"Subject: s\r\n\r\ntext\r\n.\r\n"
    hear(under_way, "250 2.0.0 queued as 7")
    assert under_way.step is Step.OVER
    assert not under_way.needs_reset
    assert [type(outcome) for outcome in under_way.outcomes.values()] == [HandedOn, HandedOn]
    assert under_way.outcomes[1].reply.text == "queued as 7"
    assert not under_way.outcomes[1].dsn


def test_without_pipelining_it_goes_step_by_step():
    under_way = transaction(features=PeerFeatures())
    assert under_way.begin() == b"MAIL FROM:<app@trust.example>\r\n"
    assert hear(under_way, "250 ok") == b"RCPT TO:<a@x.example>\r\n"
    assert hear(under_way, "550 5.1.1 who?") == b"RCPT TO:<b@x.example>\r\n"
    assert hear(under_way, "250 ok") == b"DATA\r\n"
    assert hear(under_way, "354 go") == b""
    send_content(under_way)
    hear(under_way, "250 ok")
    assert isinstance(under_way.outcomes[1], Failed)
    assert under_way.outcomes[1].status == "5.1.1"
    assert isinstance(under_way.outcomes[2], HandedOn)


def test_without_pipelining_no_data_is_asked_for_when_nobody_is_left():
    under_way = transaction(features=PeerFeatures())
    under_way.begin()
    hear(under_way, "250 ok", "550 no")
    assert hear(under_way, "450 later") == b""
    assert under_way.step is Step.OVER
    assert under_way.needs_reset
    assert isinstance(under_way.outcomes[1], Failed)
    assert isinstance(under_way.outcomes[2], Deferred)


def test_the_recipients_own_server_delivers():
    under_way = transaction(to_mailbox=True)
    under_way.begin()
    hear(under_way, "250 ok", "250 ok", "250 ok", "354 go")
    send_content(under_way)
    hear(under_way, "250 ok")
    assert isinstance(under_way.outcomes[2], Delivered)


def test_each_recipient_has_an_outcome_of_its_own():
    under_way = transaction()
    under_way.begin()
    hear(under_way, "250 ok", "450 4.2.1 busy", "250 ok", "354 go")
    send_content(under_way)
    hear(under_way, "554 5.7.1 spam")
    assert isinstance(under_way.outcomes[1], Deferred)
    assert under_way.outcomes[1].reply.status == "4.2.1"
    assert isinstance(under_way.outcomes[2], Failed)
    assert under_way.outcomes[2].reply.text == "spam"


def test_an_end_of_data_is_sent_when_354_comes_though_everybody_was_refused():
    under_way = transaction()
    under_way.begin()
    assert hear(under_way, "250 ok", "550 no", "550 no", "354 go") == b".\r\n"
    assert under_way.step is Step.COMMANDS
    hear(under_way, "554 no valid recipients")
    assert under_way.step is Step.OVER
    assert not under_way.needs_reset
    assert all(isinstance(outcome, Failed) for outcome in under_way.outcomes.values())


def test_even_a_250_to_that_empty_message_delivers_nothing():
    under_way = transaction()
    under_way.begin()
    hear(under_way, "250 ok", "550 no", "450 no", "354 go", "250 queued")
    assert [type(outcome) for outcome in under_way.outcomes.values()] == [Failed, Deferred]


def test_all_refused_and_data_refused_leaves_a_sender_to_reset():
    under_way = transaction()
    under_way.begin()
    hear(under_way, "250 ok", "550 no", "550 no", "503 no valid recipients")
    assert under_way.step is Step.OVER
    assert under_way.needs_reset


def test_mail_refused_settles_everybody_and_the_rest_is_read():
    under_way = transaction()
    under_way.begin()
    hear(under_way, "550 5.7.1 not you")
    assert under_way.step is Step.COMMANDS
    hear(under_way, "503 x", "503 x", "503 x")
    assert under_way.step is Step.OVER
    assert not under_way.needs_reset
    assert all(isinstance(outcome, Failed) for outcome in under_way.outcomes.values())


def test_mail_refused_but_a_recipient_taken_ends_the_connection():
    under_way = transaction()
    under_way.begin()
    assert hear(under_way, "451 x", "250 x", "250 x", "354 go") == b""
    assert under_way.step is Step.ABANDONED
    assert all(isinstance(outcome, Deferred) for outcome in under_way.outcomes.values())


@pytest.mark.parametrize("line", ["530 5.7.0 log in first", "535 no", "550 5.7.8 no"])
def test_a_server_that_wants_a_log_in_is_a_broken_route_and_no_broken_message(line):
    under_way = transaction(features=PeerFeatures())
    under_way.begin()
    hear(under_way, line)
    assert under_way.outcomes[1].error == "WM-ROUTE-AUTH"
    assert isinstance(under_way.outcomes[1], Deferred)


def test_too_many_recipients_in_the_spelling_of_rfc_821_is_temporary():
    under_way = transaction()
    under_way.begin()
    hear(under_way, "250 ok", "250 ok", "552 too many recipients")
    assert isinstance(under_way.outcomes[2], Deferred)


@pytest.mark.parametrize(
    "heard", [[], ["250 ok"], ["250 ok", "250 ok", "250 ok"], ["250 ok", "250 ok", "250 ok", "354 go"]]
)
def test_lost_before_the_final_dot_is_deferred(heard):
    under_way = transaction(replace(LETTER, body=SpooledBody(b"a\r\n", b"b\r\n")))
    under_way.begin()
    hear(under_way, *heard)
    if under_way.step is Step.CONTENT:
        next(under_way.content())
    under_way.lose("it broke")
    assert {type(outcome) for outcome in under_way.outcomes.values()} == {Deferred}
    assert under_way.step is Step.ABANDONED


def test_lost_after_the_final_dot_is_ambiguous_for_those_that_were_accepted():
    under_way = transaction()
    under_way.begin()
    hear(under_way, "250 ok", "550 no", "250 ok", "354 go")
    send_content(under_way)
    under_way.lose("it broke")
    assert isinstance(under_way.outcomes[1], Failed)
    assert under_way.outcomes[2] == Ambiguous("it broke")


def test_the_last_chunk_counts_as_sent_even_if_it_was_flushed_in_part():
    under_way = transaction(replace(LETTER, body=SpooledBody(b"a\r\n", b"b\r\n")))
    under_way.begin()
    hear(under_way, "250 ok", "250 ok", "250 ok", "354 go")
    assert b"".join(under_way.content()) == b"Subject: s\r\n\r\na\r\nb\r\n.\r\n"
    under_way.lose("it broke")
    assert isinstance(under_way.outcomes[1], Ambiguous)


@pytest.mark.parametrize(
    "heard", [["421 bye"], ["250 ok", "250 ok", "421 bye"], ["250 ok"] * 3 + ["354 go", "421 bye"]]
)
def test_421_at_any_point_defers_and_ends_the_connection(heard):
    under_way = transaction()
    under_way.begin()
    hear(under_way, *heard)
    assert under_way.step is Step.ABANDONED
    assert {type(outcome) for outcome in under_way.outcomes.values()} == {Deferred}


def test_421_after_the_final_dot_is_an_answer():
    under_way = transaction()
    under_way.begin()
    hear(under_way, "250 ok", "250 ok", "250 ok", "354 go")
    send_content(under_way)
    hear(under_way, "421 shutting down")
    assert isinstance(under_way.outcomes[1], Deferred)


@pytest.mark.parametrize("heard", [["354 go"], ["250 ok", "354 go"], ["250 ok", "250 ok", "250 ok", "250 ok"]])
def test_a_reply_that_means_nothing_here_is_a_fault(heard):
    under_way = transaction()
    under_way.begin()
    with pytest.raises(ProtocolFault):
        hear(under_way, *heard)
    under_way.lose("nonsense")
    assert {type(outcome) for outcome in under_way.outcomes.values()} == {Deferred}


def test_a_3xx_to_the_final_dot_is_no_success():
    under_way = transaction()
    under_way.begin()
    hear(under_way, "250 ok", "250 ok", "250 ok", "354 go")
    send_content(under_way)
    with pytest.raises(ProtocolFault):
        hear(under_way, "354 more?")
    under_way.lose("nonsense")
    assert isinstance(under_way.outcomes[1], Ambiguous)


def test_delivery_report_wishes_go_to_a_server_that_honours_them():
    recipient = ConsignedRecipient(
        1, Address("a", "x.example"), frozenset({"SUCCESS", "FAILURE"}), "rfc822;a@x.example"
    )
    letter = replace(LETTER, recipients=(recipient,), ret="HDRS", envid="E+2B1")
    assert transaction(letter, EVERYTHING).begin() == (
        b"MAIL FROM:<app@trust.example> SIZE=20 RET=HDRS ENVID=E+2B1\r\n"
        b"RCPT TO:<a@x.example> NOTIFY=FAILURE,SUCCESS ORCPT=rfc822;a@x.example\r\nDATA\r\n"
    )
    assert b"NOTIFY" not in transaction(letter, PIPELINING).begin()
    assert b"ENVID" not in transaction(letter, PIPELINING).begin()


def test_the_null_sender_and_every_parameter():
    letter = replace(LETTER, sender=None, head="Subject: é\r\n".encode(), smtputf8=True, require_tls=True)
    assert (
        transaction(letter, EVERYTHING)
        .begin()
        .startswith(b"MAIL FROM:<> SIZE=21 BODY=8BITMIME SMTPUTF8 REQUIRETLS\r\n")
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"body": MemoryBody((b"x" * 10_001,))}, "5.3.4"),
        ({"require_tls": True}, "5.7.30"),
        ({"sender": Address("é", "trust.example")}, "5.6.7"),
        ({"head": "Subject: é\r\n".encode(), "smtputf8": True}, "5.6.7"),
        ({"body": MemoryBody((b"\xe9\r\n",))}, "5.6.3"),
        ({"eight_bit": True}, "5.6.3"),
        ({"body": MemoryBody((b"a\n",))}, "5.6.0"),
    ],
)
def test_what_the_server_cannot_take_is_not_sent_in_a_lesser_form(changes, status):
    under_way = transaction(replace(LETTER, **changes), PeerFeatures(pipelining=True, size_limit=10_000))
    assert under_way.begin() == b""
    assert under_way.step is Step.OVER
    assert {outcome.status for outcome in under_way.outcomes.values()} == {status}
    assert all(isinstance(outcome, Failed) for outcome in under_way.outcomes.values())


def test_declared_smtputf8_that_is_not_used_is_not_asked_for():
    assert b"SMTPUTF8" not in transaction(replace(LETTER, smtputf8=True), EVERYTHING).begin()


def test_only_the_recipient_outside_ascii_fails_without_smtputf8():
    recipients = (ConsignedRecipient(1, Address("é", "x.example")), ConsignedRecipient(2, Address("b", "x.example")))
    under_way = transaction(replace(LETTER, recipients=recipients))
    assert b"RCPT TO:<b@x.example>\r\nDATA" in under_way.begin()
    assert under_way.outcomes[1].status == "5.6.7"
    assert 2 not in under_way.outcomes


def test_a_bare_newline_in_a_spooled_body_stops_before_the_end_of_data():
    under_way = transaction(replace(LETTER, body=SpooledBody(b"a\r\n", b"b\n.\r\n")))
    under_way.begin()
    hear(under_way, "250 ok", "250 ok", "250 ok", "354 go")
    sent: list[bytes] = []
    with pytest.raises(BareNewline):
        sent.extend(under_way.content())
    assert b"".join(sent) == b"Subject: s\r\n\r\na\r\n"
    assert under_way.outcomes[1].status == "5.6.0"
    assert under_way.step is Step.ABANDONED


def test_a_line_end_in_an_address_never_becomes_a_command():
    letter = replace(LETTER, sender=Address("a>\r\nRCPT TO:<evil", "x.example"))
    with pytest.raises(ValueError, match="line end"):
        transaction(letter).begin()


def test_xoauth2_holds_no_field_of_the_senders_making():
    assert initial_response("me@x", "t0k") == b"dXNlcj1tZUB4AWF1dGg9QmVhcmVyIHQwawEB"
    for username, token in [("me\x01auth=x", "t"), ("me", "t\x01"), ("me", ""), ("me", "a b")]:
        with pytest.raises(ValueError, match="XOAUTH2"):
            initial_response(username, token)
