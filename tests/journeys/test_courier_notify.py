"""The courier for GOV.UK Notify, with a contract server made from its documentation, over real TLS."""

from __future__ import annotations

import time

import pytest

from tests.journeys.courier_kit import KnownSecrets, WallClock, consignment
from tests.journeys.peers.ground import Authority, open_directory
from tests.journeys.peers.notify import KEY, SERVICE, TEMPLATE, running_notify
from wardmail.edges.notify_courier import NotifyCourier
from wardmail.model.address import Address
from wardmail.model.consignment import ConsignedRecipient
from wardmail.model.delivery import Ambiguous, Deferred, Failed, HandedOn
from wardmail.model.message import MemoryBody
from wardmail.model.route import Route, RouteKind, TlsLevel
from wardmail.protocol.notify_api import ApiKey, read_key

pytestmark = pytest.mark.journey

HEAD = b"From: app@trust.example\r\nSubject: Your appointment\r\nMIME-Version: 1.0\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n"
TEXT = b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n"


@pytest.fixture(scope="module")
def authority():
    with open_directory("authority") as directory:
        yield Authority(directory)


@pytest.fixture
def notify(authority):
    with running_notify(authority.issue("localhost")) as running:
        yield running


@pytest.fixture
def route(authority, notify):
    return Route(
        "mass",
        RouteKind.GOVUK_NOTIFY,
        "localhost",
        notify.port,
        ca_file=str(authority.ca_file),
        secret_ref="keystore:notify",
        template=TEMPLATE,
        for_bulk=True,
    )


async def deliver(message, route, key: bytes = KEY):
    courier = NotifyCourier(KnownSecrets(notify=key), WallClock())
    try:
        return await courier.deliver(message, route)
    finally:
        await courier.close()


def letter(*to: str, head: bytes = HEAD, body: bytes = b"Come at nine.\r\n", **changes):
    return consignment(*(to or ("anna@sink.example",)), head=head, body=MemoryBody((body,)), **changes)


async def test_one_call_for_each_recipient_with_subject_and_text(notify, route):
    results = await deliver(letter("anna@sink.example", "bob@sink.example"), route)
    assert all(isinstance(each.outcome, HandedOn) for each in results)
    assert results[0].tls.achieved is TlsLevel.VERIFIED
    assert results[0].tls.version in {"TLSv1.2", "TLSv1.3"}
    assert "opportunistic" in results[0].tls.proof
    first, second = notify.taken
    assert first["personalisation"] == {"subject": "Your appointment", "body": "Come at nine."}
    assert (first["email_address"], second["email_address"]) == ("anna@sink.example", "bob@sink.example")
    assert {first["reference"], second["reference"]} == {"01TEST-1", "01TEST-2"}
    assert "@" not in first["reference"]


async def test_text_beside_html_is_sent_and_one_click_unsubscribe_goes_along(notify, route):
    head = HEAD + (
        b"List-Unsubscribe: <mailto:u@x.example>, <https://trust.example/u/1>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nContent-Type: multipart/alternative; boundary=b\r\n"
    )
    body = (
        b"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\ncaf\xe9\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n--b--\r\n"
    )
    (result,) = await deliver(letter(head=head, body=body), route)
    assert isinstance(result.outcome, HandedOn)
    assert notify.taken[0]["personalisation"]["body"] == "café"
    assert notify.taken[0]["one_click_unsubscribe_url"] == "https://trust.example/u/1"


@pytest.mark.parametrize(
    ("head", "body", "error"),
    [
        (HEAD + MIXED, TEXT + b"--b\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n--b--\r\n", "WM-NOTIFY-ATTACHMENT"),
        (
            HEAD + MIXED,
            TEXT + b"--b\r\nContent-Type: text/plain; name=a.txt\r\n\r\nx\r\n--b--\r\n",
            "WM-NOTIFY-ATTACHMENT",
        ),
        (
            HEAD + MIXED,
            TEXT + b"--b\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx\r\n--b--\r\n",
            "WM-NOTIFY-ATTACHMENT",
        ),
        (HEAD + MIXED, TEXT + b"--b\r\nContent-Type: text/calendar\r\n\r\nx\r\n--b--\r\n", "WM-NOTIFY-ATTACHMENT"),
        (HEAD + b"Content-Type: text/html\r\n", b"<p>Hello", "WM-NOTIFY-NO-TEXT"),
        (HEAD, b"\r\n", "WM-NOTIFY-NO-TEXT"),
        (HEAD, b"x" * 2_000_001, "WM-NOTIFY-SIZE"),
        (HEAD, b"x" * 9_000_000, "WM-NOTIFY-SIZE"),
        (HEAD + MIXED, b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n" * 60, "WM-NOTIFY-UNREADABLE"),
    ],
)
async def test_what_it_cannot_carry_whole_fails_for_good(notify, route, head, body, error):
    (result,) = await deliver(letter(head=head, body=body), route)
    assert isinstance(result.outcome, Failed)
    assert result.outcome.error == error
    assert notify.calls == []


async def test_requiretls_is_refused(notify, route):
    (result,) = await deliver(letter(require_tls=True), route)
    assert isinstance(result.outcome, Failed)
    assert result.outcome.status == "5.7.30"


@pytest.mark.parametrize(
    ("answer", "kind", "error", "counts"),
    [
        ((429, "RateLimitError", "Exceeded rate limit"), Deferred, "WM-NOTIFY-LIMIT", False),
        ((429, "TooManyRequestsError", "Exceeded send limits (50) for today"), Deferred, "WM-NOTIFY-LIMIT", False),
        ((403, "AuthError", "Invalid token"), Deferred, "WM-ROUTE-AUTH", False),
        ((400, "BadRequestError", "Template not found"), Deferred, "WM-NOTIFY-TEMPLATE", False),
        ((404, "NoResultFound", ""), Deferred, "WM-NOTIFY-TEMPLATE", False),
        ((500, "Exception", "Internal server error"), Deferred, "WM-DELIVERY-DEFERRED", True),
        ((302, "", ""), Deferred, "WM-DELIVERY-DEFERRED", True),
        ((400, "BadRequestError", "Can't send to this recipient in trial mode"), Failed, "WM-NOTIFY-REFUSED", None),
        ((400, "ValidationError", "email_address is not valid"), Failed, "WM-NOTIFY-REFUSED", None),
    ],
)
async def test_answers_are_told_apart(notify, route, answer, kind, error, counts):
    notify.refuse_next = [answer]
    results = await deliver(letter("anna@sink.example", "bob@sink.example"), route)
    assert isinstance(results[0].outcome, kind)
    assert results[0].outcome.error == error
    if kind is Deferred:
        assert results[0].outcome.counts is counts
    if counts is False:
        assert results[1].outcome == results[0].outcome  # nobody is asked what everybody would be answered
        assert len(notify.calls) == 1
    else:
        assert isinstance(results[1].outcome, HandedOn)


async def test_the_days_limit_is_over_at_midnight_utc(notify, route):
    notify.refuse_next = [(429, "TooManyRequestsError", "Exceeded send limits (50) for today")]
    (result,) = await deliver(letter(), route)
    later = result.outcome.not_before
    assert later % 86_400 == 0
    assert 0 < later - time.time() <= 86_400


async def test_what_was_taken_before_the_connection_broke_is_not_sent_twice(notify, route):
    notify.die_next = 1
    (result,) = await deliver(letter(), route)
    assert isinstance(result.outcome, Ambiguous)
    assert len(notify.taken) == 1
    again = letter()
    again = consignment(
        head=HEAD,
        body=again.body,
        recipients=(ConsignedRecipient(1, Address("anna", "sink.example"), attempts=1),),
    )
    (result,) = await deliver(again, route)
    assert isinstance(result.outcome, HandedOn)
    assert len(notify.taken) == 1


async def test_a_team_key_reaches_the_team_only(notify, route):
    notify.team_only = ("anna@sink.example",)
    results = await deliver(letter("anna@sink.example", "bob@sink.example"), route)
    assert [type(each.outcome) for each in results] == [HandedOn, Failed]


async def test_smoke_test_addresses_are_answered_and_kept_nowhere(notify, route):
    (result,) = await deliver(letter("simulate-delivered@notifications.service.gov.uk"), route)
    assert isinstance(result.outcome, HandedOn)
    assert notify.taken == []


@pytest.mark.parametrize("key", [b"", b"nonsense", KEY.replace(b"3d844edf", b"00000000"), f"x-{SERVICE}".encode()])
async def test_a_wrong_key_keeps_the_mail(notify, route, key):
    (result,) = await deliver(letter(), route, key)
    assert isinstance(result.outcome, Deferred)
    assert (result.outcome.error, result.outcome.counts) == ("WM-ROUTE-AUTH", False)
    assert notify.taken == []


async def test_a_clock_that_is_wrong_is_said_to_be(notify, route):
    notify.clock = time.time() + 120
    (result,) = await deliver(letter(), route)
    assert "clock" in result.outcome.why


async def test_a_server_without_a_good_certificate_gets_nothing(notify, route, tmp_path):
    other = Authority(tmp_path)
    strange = Route(**{field: getattr(route, field) for field in route.__slots__} | {"ca_file": str(other.ca_file)})
    (result,) = await deliver(letter(), strange)
    assert isinstance(result.outcome, Deferred)
    assert result.outcome.error == "WM-ROUTE-CONNECT"
    assert result.tls.achieved is TlsLevel.NONE
    assert notify.calls == []


def test_a_key_is_read_from_the_right_and_shows_no_secret():
    key = read_key(b"my-key-with-hyphens-" + KEY.partition(b"-")[2] + b"\n")
    assert key == ApiKey(SERVICE, KEY.decode()[-36:])
    assert KEY.decode()[-36:] not in repr(key)
