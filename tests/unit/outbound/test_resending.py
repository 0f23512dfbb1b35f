"""A message sent again: the same octets by a new ID, and never round anything that would stop it today."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.databases import fresh_sqlite
from tests.worlds import APP, HEAD, RELAY, START, Stage, published_keys, staged, submission, with_field
from wardmail.edges.keys import DKIM
from wardmail.manage.history_words import sentence
from wardmail.manage.integrations import make_credential
from wardmail.model.address import Address
from wardmail.model.classification import Classification, Sensitivity
from wardmail.model.consignment import ConsignedRecipient
from wardmail.model.decision import Decision, Outcome
from wardmail.model.delivery import RecipientState
from wardmail.model.integration import IntegrationState, Limits
from wardmail.model.message import Envelope, Origin
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal
from wardmail.model.registration import Signature
from wardmail.model.resending import NotResent, Wish
from wardmail.model.route import Route, RouteKind, TlsLevel
from wardmail.model.stored import StoredMessage, StoredRecipient
from wardmail.outbound.opened_content import ContentDesk, Inspect
from wardmail.outbound.release import release
from wardmail.outbound.resending import ResendDesk, choose
from wardmail.outbound.walk import accept
from wardmail.store import rows
from wardmail.store.messages import Messages
from wardmail.store.schema import content, recipient

WHY = "the receiver lost it"
SENSITIVE = with_field(b"Wardmail-Classification: official-sensitive")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    with fresh_sqlite(tmp_path) as database, staged(tmp_path, database) as ready:
        yield ready


def become(stage: Stage, message_id: str, state: RecipientState, only: int | None = None) -> None:
    where = [recipient.c.message_id == message_id, *([recipient.c.n == only] if only is not None else [])]
    with stage.database.write() as connection:
        connection.execute(recipient.update().where(*where).values(state=state.value, due_at=None))


async def sent(stage: Stage, *to: str, state: RecipientState | None = RecipientState.BOUNCED, **of: bytes) -> str:
    receipt = await accept(stage.world, submission(stage, *to, **of))  # type: ignore[arg-type]
    assert isinstance(receipt, Accepted), receipt
    if state is not None:
        become(stage, receipt.message_id, state)
    return receipt.message_id


async def again(stage: Stage, first: str, recipients: tuple[str, ...] | None = None) -> Accepted | Refusal | NotResent:
    wish = Wish(first, stage.world.new_id(), "alice", WHY, recipients)
    return await ResendDesk(stage.world, lambda made: accept(stage.world, made)).send(wish)


async def taken(stage: Stage, first: str, recipients: tuple[str, ...] | None = None) -> Accepted:
    outcome = await again(stage, first, recipients)
    assert isinstance(outcome, Accepted), outcome
    return outcome


async def octets(stage: Stage, message_id: str, variant: int = 0) -> tuple[bytes, bytes]:
    head, body = await stage.world.queue.read_content(message_id, variant)
    return head, b"".join(body.chunks())


async def test_below_the_new_fields_every_octet_is_as_it_was(stage: Stage) -> None:
    odd = HEAD.replace(b"Subject: Hello", b"SUBJECT:\t=?utf-8?q?Hell=C3=B6?=\r\n  folded  so") + b"X-Odd:a\r\n"
    first = await sent(stage, head=odd, body=b"No line end at the end")
    stage.clock.at += 3600
    stage.world.register.refresh()
    receipt = await taken(stage, first)
    old, new = await octets(stage, first), await octets(stage, receipt.message_id)
    assert new[1] == old[1]
    original = old[0][old[0].index(b"From: App") :]
    assert new[0].endswith(original)
    trace = old[0][: old[0].index(b"DKIM-Signature:")]
    assert trace + original in new[0]
    names = [line.partition(b":")[0] for line in new[0].splitlines() if line[:1] not in (b"\t", b" ")]
    assert names[:7] == [
        b"Received",
        b"DKIM-Signature",
        b"DKIM-Signature",
        b"Resent-Date",
        b"Resent-From",
        b"Resent-Message-ID",
        b"Received",
    ]
    assert new[0].count(b"DKIM-Signature:") == 2
    assert b"Resent-From: app@trust.example\r\n" in new[0]
    assert b"Resent-Message-ID: <%b@gw.test>" % receipt.message_id.encode() in new[0]
    assert new[0].lower().count(b"\r\nmessage-id:") == 1
    assert b"wardmail-" not in new[0].lower()


async def test_today_s_keys_sign_it(stage: Stage) -> None:
    first = await sent(stage)
    head, body = await octets(stage, (await taken(stage, first)).message_id)
    records = published_keys(stage)
    verifier = dkim.DKIM(head + b"\r\n" + body)
    assert all(verifier.verify(n, dnsfunc=lambda name, timeout=5: records.get(name)) for n in (0, 1))


async def test_it_may_be_sent_again_and_again(stage: Stage) -> None:
    first = await sent(stage)
    second = (await taken(stage, first)).message_id
    become(stage, second, RecipientState.BOUNCED)
    head, _ = await octets(stage, (await taken(stage, second)).message_id)
    assert (head.count(b"Resent-Date:"), head.count(b"Received:"), head.count(b"DKIM-Signature:")) == (2, 3, 2)


async def test_each_history_names_the_other(stage: Stage) -> None:
    first = await sent(stage, "a@nhs.net", "b@nhs.net")
    receipt = await taken(stage, first, ("b@nhs.net",))
    messages = Messages(stage.database)
    of_first, of_second = messages.history(first)[-1], messages.history(receipt.message_id)[-1]
    assert [(each.kind, each.actor) for each in (of_first, of_second)] == [("MessageSentAgain", "alice")] * 2
    assert of_first.detail == {"again": receipt.message_id, "copies": 1, "reason": WHY}
    assert of_second.detail == {"first": first, "copies": 1, "reason": WHY}
    assert receipt.message_id in sentence(of_first.kind, of_first.actor, of_first.detail)
    assert first in sentence(of_second.kind, of_second.actor, of_second.detail)


async def test_nothing_lowers_what_was_found_the_first_time(stage: Stage) -> None:
    head = SENSITIVE + b"Wardmail-Urgency: time-critical\r\nWardmail-Bulk: yes\r\n"
    stage.save(replace(RELAY, for_bulk=True))
    first = await sent(stage, "a@nhs.net", head=head)
    receipt = await taken(stage, first)
    loaded = await stage.world.queue.load(receipt.message_id)
    assert loaded is not None
    stored, (copy,) = loaded
    assert (stored.classification.level, stored.bulk) == (Sensitivity.OFFICIAL_SENSITIVE, True)
    assert copy.decision.urgent


async def test_what_was_held_is_held_again(stage: Stage) -> None:
    first = await sent(stage, "someone@example.com", head=SENSITIVE, state=RecipientState.REJECTED)
    receipt = await taken(stage, first)
    assert receipt.decisions[0][1].outcome is Outcome.HOLD


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (RecipientState.HELD, "WM-RESEND-WAITING"),
        (RecipientState.ACCEPTED, "WM-RESEND-WAITING"),
        (RecipientState.DEFERRED, "WM-RESEND-WAITING"),
        (RecipientState.CANCELLED, "WM-RESEND-CANCELLED"),
    ],
)
async def test_what_waits_or_was_decided_against_is_left_alone(stage: Stage, state: RecipientState, error: str) -> None:
    first = await sent(stage, "a@nhs.net", "b@nhs.net")
    become(stage, first, state, only=0)
    for named in (("a@nhs.net",), ("b@nhs.net", "a@nhs.net")):
        outcome = await again(stage, first, named)
        assert isinstance(outcome, NotResent)
        assert outcome.error == error
    receipt = await taken(stage, first)
    assert [str(address) for address, _ in receipt.decisions] == ["b@nhs.net"]
    become(stage, first, state)
    outcome = await again(stage, first)
    assert isinstance(outcome, NotResent)
    assert outcome.error == error


async def test_nobody_new_gets_it(stage: Stage) -> None:
    first = await sent(stage)
    for named in (("x@nhs.net",), ("a@nhs.net", "x@nhs.net"), ()):
        outcome = await again(stage, first, named)
        assert isinstance(outcome, NotResent)
        assert outcome.error == "WM-RESEND-RECIPIENT"
    assert isinstance(await again(stage, "TEST99999999999999"), NotResent)


async def test_the_register_of_today_is_asked(stage: Stage) -> None:
    first = await sent(stage)
    changed = {
        "WM-INTEGRATION-SUSPENDED": replace(APP, state=IntegrationState.SUSPENDED),
        "WM-SENDER-NOT-ALLOWED": replace(APP, senders=("other@trust.example",)),
        "WM-LIMIT-RCPT": replace(APP, limits=Limits(None, None, None, None, 0)),
    }
    for error, record in changed.items():
        stage.save(record)
        outcome = await again(stage, first)
        assert isinstance(outcome, Refusal), error
        assert outcome.error == error
    stage.save(replace(APP, limits=Limits(1, None, None, None, 10)))
    assert isinstance(await again(stage, first), Accepted)
    full = await again(stage, first)
    assert isinstance(full, Refusal)
    assert full.error == "WM-LIMIT-INTEGRATION"


async def test_a_refusal_says_in_the_audit_who_wanted_it(stage: Stage) -> None:
    first = await sent(stage)
    stage.save(replace(APP, state=IntegrationState.SUSPENDED))
    await again(stage, first)
    (refused,) = [each for each in Messages(stage.database).audit(0, 100) if each.kind == "SubmissionRefused"]
    assert (refused.actor, refused.detail["first"], refused.detail["why"]) == ("alice", first, WHY)


async def test_what_came_with_a_test_credential_stays_here(stage: Stage) -> None:
    stage.save(Route("sandbox", RouteKind.SANDBOX))
    made = make_credential("try", "app", stage.world.pepper, START, lifetime_days=30)
    stage.register.save_credential(replace(made.credential, is_test=True), "test")
    stage.world.register.refresh()
    handed_in = submission(stage)
    receipt = await accept(stage.world, replace(handed_in, origin=replace(handed_in.origin, username="try")))
    assert isinstance(receipt, Accepted)
    become(stage, receipt.message_id, RecipientState.RELAYED)
    stage.register.save_credential(replace(made.credential, is_test=True, revoked_at=START), "test")
    stage.world.register.refresh()
    second = await taken(stage, receipt.message_id)
    assert [decision.route for _, decision in second.decisions] == ["sandbox"]


async def test_destroyed_content_is_said_to_be_gone(stage: Stage) -> None:
    first = await sent(stage)
    with stage.database.write() as connection:
        connection.execute(content.delete())
    outcome = await again(stage, first)
    assert isinstance(outcome, NotResent)
    assert outcome.error == "WM-RESEND-GONE"


async def test_the_tag_of_an_upstream_is_left_off_where_there_is_a_copy_without(stage: Stage) -> None:
    stage.save(replace(RELAY, secure_tag="[secure]"))
    first = await sent(stage, "someone@example.com", "a@nhs.net", head=SENSITIVE)
    receipt = await taken(stage, first, ("a@nhs.net",))
    head, _ = await octets(stage, receipt.message_id)
    assert b"\r\nSubject: Hello\r\n" in head
    alone = await sent(stage, "someone@example.com", head=SENSITIVE)
    head, _ = await octets(stage, (await taken(stage, alone)).message_id)
    assert head.count(b"[secure]") == 1


async def test_a_body_of_the_spool_becomes_its_own(stage: Stage) -> None:
    large, handed_in = b"0123456789abcde\r\n" * 4096, submission(stage)
    sink = stage.spool.open_sink(handed_in.id)
    sink.write(large)
    receipt = await accept(stage.world, replace(handed_in, body=sink.finish()))
    assert isinstance(receipt, Accepted)
    become(stage, receipt.message_id, RecipientState.BOUNCED)
    second = await taken(stage, receipt.message_id)
    bodies = [await stage.world.queue.read_content(each, 0) for each in (receipt.message_id, second.message_id)]
    first_body, own = (rows.spooled_body(body) for _, body in bodies)
    assert first_body is not None
    assert own is not None
    stage.spool.remove(first_body.name)
    assert (await octets(stage, second.message_id))[1] == large


async def test_who_was_named_twice_gets_it_once_or_not(stage: Stage) -> None:
    first = await sent(stage, "a@nhs.net", "a@nhs.net")
    assert len((await taken(stage, first, ("a@nhs.net",))).decisions) == 1
    assert len((await taken(stage, first)).decisions) == 1
    become(stage, first, RecipientState.CANCELLED, only=0)
    for named in (None, ("a@nhs.net",)):
        outcome = await again(stage, first, named)
        assert isinstance(outcome, NotResent)
        assert outcome.error == "WM-RESEND-CANCELLED"


async def test_an_application_s_own_signature_stays_and_ours_of_old_keys_go(stage: Stage) -> None:
    theirs = b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=vendor.example; s=x; h=from; bh=YQ==; b=YQ==\r\n"
    first = await sent(stage, head=theirs + HEAD)
    for entry in stage.keystore.entries(DKIM):
        stage.keystore.delete(entry.name)
    head, _ = await octets(stage, (await taken(stage, first)).message_id)
    assert head.count(b"DKIM-Signature:") == 1
    assert head.endswith(theirs + HEAD + head[head.rindex(b"Message-ID:") :])


async def test_a_header_at_its_limits_can_still_be_let_go_and_read(stage: Stage) -> None:
    fill = b"".join(b"X-%d: a\r\n" % n for n in range(1000 - SENSITIVE.count(b"\r\n")))
    held = await sent(stage, "someone@example.com", head=SENSITIVE + fill, state=None)
    released = await release(stage.world, held, actor="alice", reason=WHY)
    assert isinstance(released, tuple), released
    seen = await ContentDesk(stage.world, cast("Inspect", None)).text(held)
    assert (seen.subject, seen.gap) == ("Hello", "")
    fill = b"X-Long: %b\r\n" % (b"\r\n ".join([b"a" * 900] * 285))
    assert isinstance(await again(stage, await sent(stage, head=HEAD + fill)), Accepted)


async def test_a_footer_of_then_is_not_followed_by_one_of_today(stage: Stage) -> None:
    def named(role: str) -> None:
        signature = Signature("Zoe Ahmed", role, "Example Trust", added=True)
        stage.save(replace(APP, registration=replace(APP.registration, signature=signature)))

    bare = await sent(stage)
    named("Nurse")
    footed = await sent(stage)
    named("Matron")
    records = published_keys(stage)
    for first, count in ((bare, 0), (footed, 1)):
        second = (await taken(stage, first)).message_id
        head, body = await octets(stage, second)
        assert body == (await octets(stage, first))[1]
        assert body.count(b"Zoe Ahmed") == count
        verifier = dkim.DKIM(head + b"\r\n" + body)
        assert all(verifier.verify(n, dnsfunc=lambda name, timeout=5: records.get(name)) for n in (0, 1))
    accepted = [each.detail for each in Messages(stage.database).audit(0, 100) if each.kind == "MessageAccepted"]
    assert [each.get("footer", "") for each in accepted] == ["", "added", "", ""]
    told = sentence("MessageAccepted", "app-1", accepted[1])
    assert told.endswith("its sender’s name, role and organisation were put under the text")


STATES = st.lists(st.sampled_from(list(RecipientState)), min_size=1, max_size=5)


@given(STATES, st.one_of(st.none(), st.lists(st.integers(0, 6), max_size=6)))
def test_whatever_is_asked_for_nothing_goes_that_must_not(
    states: list[RecipientState], wanted: list[int] | None
) -> None:
    stored, copies = message_in(states)
    named = None if wanted is None else tuple(f"r{n}@nhs.net" for n in wanted)
    chosen = choose(stored, copies, named)
    barred = {RecipientState.ACCEPTED, RecipientState.DEFERRED, RecipientState.HELD, RecipientState.CANCELLED}
    if isinstance(chosen, NotResent):
        assert named is not None or set(states) <= barred
        return
    assert chosen
    assert not {each.state for each in chosen} & barred
    if named is not None:
        assert {str(each.recipient.address) for each in chosen} == set(named)


def message_in(states: list[RecipientState]) -> tuple[StoredMessage, Sequence[StoredRecipient]]:
    official = Classification(Sensitivity.OFFICIAL)
    origin, envelope = Origin("app", "app-1", "192.0.2.7", "app.test", "smtp"), Envelope(None, ())
    stored = StoredMessage("TEST00000000000001", origin, envelope, official, "1", START, START)
    decision = Decision(Outcome.DELIVER, "relay", TlsLevel.VERIFIED)
    return stored, [
        StoredRecipient(n, ConsignedRecipient(n, Address(f"r{n}", "nhs.net")), state, decision, 0, None, "", START)
        for n, state in enumerate(states)
    ]
