"""A message's walk into the queue: who may, how sensitive, where to, and what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import dkim
import pytest
from sqlalchemy import select, text

from tests.databases import fresh_sqlite
from tests.worlds import (
    ACCREDITED,
    APP,
    HEAD,
    RELAY,
    Stage,
    published_keys,
    staged,
    submission,
    with_envelope,
    with_field,
)
from wardmail.model.classification import Sensitivity
from wardmail.model.decision import Outcome, Protection
from wardmail.model.integration import IntegrationState, Limits
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal, Unavailable
from wardmail.model.route import TlsLevel
from wardmail.outbound.walk import accept, judge
from wardmail.store.messages import Messages, Search
from wardmail.store.schema import content, event, message, recipient

SENSITIVE = with_field(b"Wardmail-Classification: official-sensitive")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with fresh_sqlite(tmp_path) as database, staged(tmp_path, database) as ready:
        yield ready


async def outcome_of(stage: Stage, to: str, head: bytes = HEAD, body: bytes = b"Hello\r\n") -> Outcome | str:
    receipt = await accept(stage.world, submission(stage, to, head=head, body=body))
    return receipt.error if isinstance(receipt, Refusal) else receipt.decisions[0][1].outcome


async def sent_head(stage: Stage, receipt: Accepted | Refusal, variant: int = 0) -> bytes:
    assert isinstance(receipt, Accepted)
    head, _ = await stage.world.queue.read_content(receipt.message_id, variant)
    return head


async def test_a_plain_message_is_stored_and_due(stage: Stage) -> None:
    receipt = await accept(stage.world, submission(stage))
    assert isinstance(receipt, Accepted)
    (line,) = Messages(stage.database).search(Search(receipt.message_id))
    assert (line.state, line.route, line.recipient) == ("accepted", "relay", "a@nhs.net")
    assert line.due_at == stage.clock.now()


async def test_official_mail_goes_to_any_domain(stage: Stage) -> None:
    assert await outcome_of(stage, "someone@example.com") is Outcome.DELIVER


async def test_sensitive_mail_to_a_secure_domain_needs_verified_tls(stage: Stage) -> None:
    judged = await judge(stage.world, submission(stage, "a@nhs.net", head=SENSITIVE))
    assert not isinstance(judged, Refusal)
    assert judged.decisions[0].outcome is Outcome.DELIVER
    assert judged.decisions[0].tls is TlsLevel.VERIFIED
    assert "SHARE-9" in {hit.source for hit in judged.decisions[0].because}


async def test_sensitive_mail_to_an_unknown_domain_is_held(stage: Stage) -> None:
    assert await outcome_of(stage, "someone@example.com", SENSITIVE) is Outcome.HOLD


async def test_sensitive_mail_to_an_unknown_domain_is_tagged_where_the_route_can(stage: Stage) -> None:
    stage.save(replace(RELAY, secure_tag="[secure]"))
    receipt = await accept(stage.world, submission(stage, "someone@example.com", head=SENSITIVE))
    assert isinstance(receipt, Accepted)
    assert receipt.decisions[0][1].protections == {Protection.SECURE_TAG}
    assert b"\r\nSubject: [secure] Hello\r\n" in await sent_head(stage, receipt)


async def test_one_message_is_split_by_recipient(stage: Stage) -> None:
    stage.save(replace(RELAY, secure_tag="[secure]"))
    receipt = await accept(stage.world, submission(stage, "a@nhs.net", "b@example.com", "c@nhs.net", head=SENSITIVE))
    assert isinstance(receipt, Accepted)
    assert [decision.outcome for _, decision in receipt.decisions] == [
        Outcome.DELIVER,
        Outcome.PROTECT,
        Outcome.DELIVER,
    ]
    assert b"[secure]" not in await sent_head(stage, receipt, 0)
    assert b"[secure]" in await sent_head(stage, receipt, 1)
    with stage.database.read() as connection:
        assert list(connection.execute(select(recipient.c.variant).order_by(recipient.c.n)).scalars()) == [0, 1, 0]


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (with_field(b"Wardmail-Classification: secret"), b"Hello\r\n"),
        (HEAD.replace(b"Subject: Hello", b"Subject: SECRET - plans"), b"Hello\r\n"),
        (HEAD, b"TOP SECRET\r\n\r\nThe plans.\r\n"),
    ],
)
async def test_secret_is_refused_and_nothing_of_it_is_kept(stage: Stage, head: bytes, body: bytes) -> None:
    assert await outcome_of(stage, "a@nhs.net", head, body) == "WM-POLICY-SECRET"
    with stage.database.read() as connection:
        assert connection.execute(select(message)).all() == []
        assert connection.execute(select(content)).all() == []
        (noted,) = connection.execute(select(event).where(event.c.kind == "SubmissionRefused")).all()
    assert "plans" not in noted.detail


async def test_a_refused_message_says_nothing_private(stage: Stage) -> None:
    refusal = await accept(stage.world, submission(stage, head=with_field(b"Wardmail-Classification: secret")))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.status) == (550, "5.7.1")
    assert "SEC-4" not in refusal.public


async def test_an_unknown_classification_is_refused_not_guessed(stage: Stage) -> None:
    head = with_field(b"Wardmail-Classification: offical-sensitive")
    assert await outcome_of(stage, "a@nhs.net", head) == "WM-CLASSIFICATION-UNKNOWN"


async def test_an_nhs_number_makes_a_message_sensitive(stage: Stage) -> None:
    body = b"Patient with NHS number 943 476 5919 is to be seen.\r\n"
    assert await outcome_of(stage, "someone@example.com", HEAD, body) is Outcome.HOLD
    stage.save(replace(APP, detect_nhs_numbers=False))
    assert await outcome_of(stage, "someone@example.com", HEAD, body) is Outcome.DELIVER


@pytest.mark.parametrize("marking", ["OFFICIAL-SENSITIVE", "OFFICIAL-SEN<b>SITIVE</b>", "OFFICIAL-SENSI&#84;IVE"])
async def test_a_marking_in_html_is_read_however_it_is_written(stage: Stage, marking: str) -> None:
    head = with_field(b"Content-Type: text/html; charset=utf-8")
    body = f"<html><body><p>{marking}</p><p>Good morning</p></body></html>\r\n".encode()
    assert await outcome_of(stage, "someone@example.com", head, body) is Outcome.HOLD


async def test_nothing_lowers_the_integrations_default(stage: Stage) -> None:
    stage.save(replace(APP, default_sensitivity=Sensitivity.OFFICIAL_SENSITIVE))
    head = with_field(b"Wardmail-Classification: official")
    assert await outcome_of(stage, "someone@example.com", head) is Outcome.HOLD


async def test_sensitive_mail_waits_when_the_accreditation_has_ended(stage: Stage) -> None:
    stage.save(replace(RELAY, accreditation=replace(ACCREDITED, expires=date(2026, 11, 21))))
    assert await outcome_of(stage, "a@nhs.net", SENSITIVE) is Outcome.HOLD
    stage.save(replace(RELAY, accreditation=replace(ACCREDITED, expires=date(2026, 11, 22))))
    assert await outcome_of(stage, "a@nhs.net", SENSITIVE) is Outcome.DELIVER


async def test_a_time_critical_message_that_cannot_go_is_held_as_urgent(stage: Stage) -> None:
    head = SENSITIVE + b"Wardmail-Urgency: time-critical\r\n"
    receipt = await accept(stage.world, submission(stage, "someone@example.com", head=head))
    assert isinstance(receipt, Accepted)
    assert receipt.decisions[0][1].outcome is Outcome.HOLD
    assert receipt.decisions[0][1].urgent


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b"App <app@trust.example>", b"Boss <boss@trust.example>", "WM-AUTHOR-NOT-ALLOWED"),
        (b"App <app@trust.example>", b"app@trust.example, boss@other.example", "WM-HEADER-INVALID"),
        (b"From: App <app@trust.example>", b"From: app@trust.example\r\nFrom: boss@trust.example", "WM-HEADER-INVALID"),
        (b"Subject: Hello", b"Sender: boss@trust.example", "WM-AUTHOR-NOT-ALLOWED"),
        (b"Subject: Hello", b"Subject: one\r\nSubject: two", "WM-HEADER-INVALID"),
        (b"From: App <app@trust.example>\r\n", b"", "WM-HEADER-INVALID"),
        (b"app@trust.example", b"app@sub.team.example", "WM-AUTHOR-NOT-ALLOWED"),
        (b"Hello", "Grüße".encode(), "WM-HEADER-8BIT"),
        (b"Subject: Hello", b"no field at all", "WM-HEADER-INVALID"),
    ],
)
async def test_headers_that_are_not_ours_to_send_are_refused(stage: Stage, old: bytes, new: bytes, error: str) -> None:
    assert await outcome_of(stage, "a@nhs.net", HEAD.replace(old, new)) == error


async def test_a_whole_domain_may_be_allowed(stage: Stage) -> None:
    head = HEAD.replace(b"app@trust.example", b"anyone@team.example")
    assert await outcome_of(stage, "a@nhs.net", head) is Outcome.DELIVER


async def test_control_fields_and_bcc_are_sent_to_nobody(stage: Stage) -> None:
    head = with_field(b"Bcc: hidden@example.com\r\nWardmail-Classification: official\r\nWardmail-Urgency: normal")
    sent = (await sent_head(stage, await accept(stage.world, submission(stage, head=head)))).lower()
    assert b"\nbcc:" not in sent and b"hidden@" not in sent  # a signature may spell the bare word
    assert b"wardmail-" not in sent


async def test_missing_date_and_message_id_are_added(stage: Stage) -> None:
    head = HEAD.replace(b"Date: Sun, 22 Nov 2026 12:00:00 +0000\r\n", b"")
    sent = await sent_head(stage, await accept(stage.world, submission(stage, head=head)))
    assert b"\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n" in sent
    assert b"\r\nMessage-ID: <TEST" in sent
    assert sent.startswith(b"Received: from app.test ([192.0.2.7])\r\n\tby gw.test with ESMTPSA id TEST")


async def test_what_leaves_is_signed_by_both_keys_and_verifies(stage: Stage) -> None:
    receipt = await accept(stage.world, submission(stage, body=b"Line  one \r\n\r\n\r\n"))
    raw = await sent_head(stage, receipt) + b"\r\nLine  one \r\n\r\n\r\n"
    records = published_keys(stage)
    verifier = dkim.DKIM(raw)
    assert verifier.verify(0, dnsfunc=lambda name, timeout=5: records.get(name))
    assert verifier.verify(1, dnsfunc=lambda name, timeout=5: records.get(name))


async def test_a_held_copy_is_not_signed_yet(stage: Stage) -> None:
    receipt = await accept(stage.world, submission(stage, "someone@example.com", head=SENSITIVE))
    assert b"DKIM-Signature" not in await sent_head(stage, receipt)


async def test_a_suspended_integration_is_refused(stage: Stage) -> None:
    stage.save(replace(APP, state=IntegrationState.SUSPENDED))
    assert await outcome_of(stage, "a@nhs.net") == "WM-INTEGRATION-SUSPENDED"


async def test_a_route_that_is_gone_holds(stage: Stage) -> None:
    stage.save(replace(APP, route="elsewhere"))
    assert await outcome_of(stage, "a@nhs.net") is Outcome.HOLD


async def test_a_mail_loop_is_refused(stage: Stage) -> None:
    assert await outcome_of(stage, "a@nhs.net", b"Received: from x by y\r\n" * 51 + HEAD) == "WM-LOOP"


async def test_a_ceiling_is_a_temporary_refusal_that_says_when(stage: Stage) -> None:
    stage.save(replace(APP, limits=Limits(messages_per_minute=2)))
    assert await outcome_of(stage, "a@nhs.net") is Outcome.DELIVER
    assert await outcome_of(stage, "a@nhs.net") is Outcome.DELIVER
    refusal = await accept(stage.world, submission(stage))
    assert isinstance(refusal, Refusal)
    assert refusal.is_temporary
    assert "1 minute" in refusal.public


async def test_a_store_that_fails_takes_nothing(stage: Stage) -> None:
    with stage.database.write() as connection:
        connection.execute(text("DROP TABLE content"))
    with pytest.raises(Unavailable):
        await accept(stage.world, submission(stage))


async def test_a_stale_register_is_not_trusted(stage: Stage) -> None:
    stage.clock.at += 61
    with pytest.raises(Unavailable):
        await accept(stage.world, submission(stage))


async def test_eight_bit_text_is_noticed_whatever_the_client_said(stage: Stage) -> None:
    judged = await judge(stage.world, submission(stage, body="Grüße\r\n".encode()))
    assert not isinstance(judged, Refusal)
    assert judged.envelope.eight_bit


async def test_require_tls_asks_for_a_verified_name(stage: Stage) -> None:
    stage.save(replace(RELAY, tls=TlsLevel.NONE))
    plain = await judge(stage.world, submission(stage))
    asked = await judge(stage.world, with_envelope(submission(stage), require_tls=True))
    assert not isinstance(plain, Refusal)
    assert not isinstance(asked, Refusal)
    assert (plain.decisions[0].tls, asked.decisions[0].tls) == (TlsLevel.NONE, TlsLevel.VERIFIED)
