"""The sender's name, role and organisation are put under the text that people see, and nothing else is touched."""

from __future__ import annotations

import email
import email.policy
import itertools
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.offices import Office, open_office
from tests.registrations import COMPLETE, REGISTERED
from tests.worlds import HEAD, published_keys, submission
from wardmail.content.mime.reader import read_message
from wardmail.model.message import Body, MemoryBody
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.registration import Signature
from wardmail.outbound.footer import Splice, SplicedBody, with_footer
from wardmail.outbound.walk import accept
from wardmail.protocol.headers import HeaderBlock

SIGNATURE = Signature("Zoë Ahmed", "Ward co-ordinator", "Example <Trust>", added=True)
PLAIN = Signature("Zoe Ahmed", "Ward co-ordinator", "Example Trust", added=True)
WORDS = "Zoë Ahmed\nWard co-ordinator\nExample <Trust>\n"
CRLF = email.policy.SMTP.clone(cte_type="8bit")


def built(*, text: str | None = "Good morning.", html: str | None = None, cte: str, attached: bool = False) -> bytes:
    made = EmailMessage(policy=CRLF)
    made["From"], made["To"], made["Subject"] = "app@trust.example", "a@nhs.net", "Hello"
    if text is not None:
        made.set_content(text, cte=cte)
    if html is not None and text is not None:
        made.add_alternative(html, subtype="html", cte=cte)
    elif html is not None:
        made.set_content(html, subtype="html", cte=cte)
    if attached:
        made.add_attachment(b"%PDF-1.7 not the text", maintype="application", subtype="pdf", filename="letter.pdf")
        made.add_attachment("A list.", filename="list.txt")
    return made.as_bytes()


def footed(raw: bytes, signature: Signature = SIGNATURE) -> bytes | None:
    head, _, rest = raw.partition(b"\r\n\r\n")
    block = HeaderBlock.split(head + b"\r\n")
    assert isinstance(block, HeaderBlock)
    done = with_footer(signature, block, MemoryBody((rest,)))
    return None if done is None else done.block.raw + b"\r\n" + b"".join(done.body.chunks())


def texts(raw: bytes) -> dict[str, str]:
    """What another reader shows, by type; attachments by their names."""
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [part for part in parsed.walk() if not part.is_multipart()]
    return {
        part.get_filename() or part.get_content_type(): str(part.get_content())
        if part.get_content_maintype() == "text"
        else repr(part.get_payload())
        for part in parts
    }


@pytest.mark.parametrize("attached", [False, True])
@pytest.mark.parametrize("cte", ["8bit", "quoted-printable", "base64"])
@pytest.mark.parametrize("text", ["", "x", "Good mörning,\nall.\n", "long " * 60, "ends =\n\n"])
def test_plain_text_is_followed_by_the_three(text: str, cte: str, attached: bool) -> None:
    raw = built(text=text, cte=cte, attached=attached)
    done = footed(raw)
    assert done is not None
    before, after = texts(raw), texts(done)
    shown = after.pop("text/plain").replace("\r\n", "\n")
    assert shown.startswith(before.pop("text/plain").replace("\r\n", "\n").rstrip("\n"))
    assert shown.endswith(f"\n{WORDS}")
    assert after == before
    assert done.count(b"\r\n") == done.count(b"\n")


@pytest.mark.parametrize("cte", ["8bit", "quoted-printable", "base64"])
def test_both_forms_of_a_text_get_it_each_in_its_own_way(cte: str) -> None:
    done = footed(built(html="<html><body><p>Good mörning.</p></body></html>", cte=cte, attached=True))
    assert done is not None
    shown = texts(done)
    assert shown["text/plain"].replace("\r\n", "\n").endswith(WORDS)
    html = shown["text/html"].replace("\r\n", "\n")
    assert html.endswith("<p>Zo&#235; Ahmed<br>\nWard co-ordinator<br>\nExample &lt;Trust&gt;</p>\n")


@pytest.mark.parametrize("cte", ["8bit", "quoted-printable"])
def test_every_octet_that_came_is_still_there(cte: str) -> None:
    raw = built(html="<p>Hällo</p>", cte=cte, attached=True)
    done = footed(raw)
    assert done is not None
    at = 0
    for line in raw.splitlines(keepends=True):
        at = done.find(line, at)
        assert at >= 0
        at += len(line)


NOT_TO_BE_CHANGED = {
    "its own signature": b"DKIM-Signature: v=1; a=rsa-sha256\r\n" + built(cte="8bit"),
    "7-bit parts and a letter that is none": built(html="<p>x</p>", cte="7bit"),
    "no encoding said, and a letter of 8 bits": built(cte="7bit").replace(b"Content-Transfer-Encoding: 7bit\r\n", b""),
    "only ASCII, and a letter that is none": built(cte="7bit").replace(b"utf-8", b"us-ascii"),
    "S/MIME": built(cte="8bit").replace(b"text/plain", b"application/pkcs7-mime"),
    "a calendar": built(cte="8bit").replace(b"text/plain", b"text/calendar"),
    "wide characters": built(cte="8bit").replace(b"utf-8", b"utf-16"),
    "a character set that there is not": built(cte="8bit").replace(b"utf-8", b"x-none"),
    "an encoding that there is not": built(cte="8bit").replace(b"8bit", b"x-none"),
    "two types": b"Content-Type: text/html\r\n" + built(cte="8bit"),
    "nothing but a file": b"Content-Disposition: attachment; filename=a.txt\r\n" + built(cte="8bit"),
    "signed by its writer": (
        b"From: a@b.example\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n"
        b"--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n"
    ),
    "a message in it": (
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nHello\r\n--b--\r\n"
    ),
    "a text that goes on after its end": built(html="<p>x</p>", cte="8bit")
    + b"Content-Type: text/plain\r\n\r\nmore\r\n",
}


@pytest.mark.parametrize("raw", NOT_TO_BE_CHANGED.values(), ids=NOT_TO_BE_CHANGED.keys())
def test_what_it_may_not_be_put_into_is_left_alone(raw: bytes) -> None:
    assert footed(raw) is None


@pytest.mark.parametrize("cte", ["8bit", "quoted-printable"])
def test_a_name_that_would_end_a_part_is_put_under_no_text(cte: str) -> None:
    assert footed(built(cte=cte, attached=True), replace(PLAIN, role="--b--")) is None


def test_a_text_that_ends_in_the_middle_of_its_line_has_the_name_on_another() -> None:
    raw = HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGood morning.="
    done = footed(raw, PLAIN)
    assert done is not None
    assert "Good morning.\nZoe Ahmed\n" in texts(done)["text/plain"].replace("\r\n", "\n")


@pytest.mark.parametrize(
    "charset", [b"charset*=utf-8''a%00b", b"charset=idna", b"charset=undefined", b"charset=punycode"]
)
def test_a_charset_that_is_none_keeps_nothing_from_being_carried(charset: bytes) -> None:
    assert footed(b"Content-Type: text/plain; %b\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHello\r\n" % charset) is None


def test_a_text_in_seven_bits_is_said_to_have_eight_when_a_name_needs_them() -> None:
    raw = built(cte="7bit")
    done = footed(raw)
    assert done is not None
    assert done.startswith(raw.replace(b": 7bit", b": 8bit"))
    assert texts(done)["text/plain"].replace("\r\n", "\n").endswith(WORDS)


def test_seven_bits_are_enough_for_a_plain_name() -> None:
    done = footed(built(cte="7bit"), PLAIN)
    assert done is not None
    assert done.endswith(b"Good morning.\r\n\r\nZoe Ahmed\r\nWard co-ordinator\r\nExample Trust\r\n")


def test_of_a_long_message_in_one_piece_only_the_beginning_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    def counted(raw: bytes) -> Any:
        looked_at.append(len(raw))
        return read_message(raw)

    monkeypatch.setattr("wardmail.outbound.footer.read_message", counted)
    done = footed(built(cte="8bit", attached=True).replace(b"A list.", b"A list.\r\n" * 400_000))
    assert done is not None
    assert done.index(b"Ward co-ordinator") < 2_000
    assert max(looked_at) < 1_100_000


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5), st.binary(max_size=4)), max_size=4),
    st.lists(st.integers(0, 60), max_size=6),
)
def test_however_a_body_comes_in_pieces_it_is_put_together_alike(
    octets: bytes, wanted: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    splices, free_from = [], 0
    for at, dropped, put in sorted(wanted):
        if free_from <= at < len(octets):
            free_from = min(at + dropped, len(octets)) + 1
            splices.append(Splice(at, put, free_from - 1 - at))
    expected = octets
    for each in reversed(splices):
        expected = expected[: each.at] + each.octets + expected[each.at + each.dropped :]
    edges = sorted({0, len(octets), *(cut for cut in cuts if cut < len(octets))})
    pieces = tuple(octets[a:b] for a, b in itertools.pairwise(edges))
    body = SplicedBody(MemoryBody(pieces), tuple(splices))
    assert b"".join(body.chunks()) == expected
    assert body.size == len(expected)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        made.stage.save(replace(REGISTERED, registration=replace(COMPLETE, signature=PLAIN)))
        yield made


def spooled(office: Office, octets: bytes) -> Body:
    sink = office.stage.spool.open_sink("CAME-IN")
    for at in range(0, len(octets), 70_000):
        sink.write(octets[at : at + 70_000])
    return sink.finish()


@pytest.mark.parametrize("large", [False, True])
async def test_what_leaves_has_it_and_is_signed_with_it(office: Office, large: bool) -> None:
    head, _, rest = built(cte="8bit", attached=True).partition(b"\r\n\r\n")
    if large:  # more than is looked at, behind the text
        rest = rest.replace(b"A list.", b"A list.\r\n" * 200_000)
    body = spooled(office, rest) if large else MemoryBody((rest,))
    sent = replace(submission(office.stage, "a@nhs.net", head=head + b"\r\n"), body=body)
    answer = await accept(office.stage.world, sent, office.delivery)
    assert isinstance(answer, Accepted), answer
    await office.settle()
    (given_out,) = office.courier.given
    assert given_out.body.is_spooled is large
    whole = given_out.head + b"\r\n" + b"".join(given_out.body.chunks())
    assert whole.count(b"Good morning.\r\n\r\nZoe Ahmed\r\nWard co-ordinator\r\nExample Trust\r\n") == 1
    records = published_keys(office.stage)
    verifier = dkim.DKIM(whole)
    assert all(verifier.verify(idx=n, dnsfunc=lambda name, timeout=5: records.get(name)) for n in range(2))


async def test_what_says_it_already_is_carried_as_it_came(office: Office) -> None:
    body = b"Good morning.\r\n\r\nZoe Ahmed,\r\nWard Co-ordinator, Example Trust\r\n"
    answer = await accept(office.stage.world, submission(office.stage, "a@nhs.net", body=body), office.delivery)
    assert isinstance(answer, Accepted)
    await office.settle()
    assert b"".join(office.courier.given[0].body.chunks()) == body


async def test_where_it_cannot_be_added_it_is_asked_for(office: Office) -> None:
    sealed = HEAD + b"DKIM-Signature: v=1; a=rsa-sha256\r\n"
    needed = replace(PLAIN, required=True)
    for signature, taken in ((PLAIN, True), (needed, False)):
        office.stage.save(replace(REGISTERED, registration=replace(COMPLETE, signature=signature)))
        answer = await accept(office.stage.world, submission(office.stage, "a@nhs.net", head=sealed), office.delivery)
        assert isinstance(answer, Accepted) is taken
        assert taken or (isinstance(answer, Refusal) and answer.error == "WM-SIGNATURE-MISSING")
