"""Stage 6: each recipient's copy as it will be sent: control fields out, trace fields in, tagged, signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wardmail.model.decision import Decision, Outcome, Protection
from wardmail.model.message import Recipient, Submission
from wardmail.outbound.world import World
from wardmail.policy.facts import Facts
from wardmail.protect import dkim
from wardmail.protocol.fields import date_field, message_id_field, received_field
from wardmail.protocol.headers import HeaderBlock, add_subject_tag

CONTROL_PREFIX = b"wardmail-"
"""Fields by which an application instructs the gateway: read here, and sent to nobody."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One recipient, what was known and decided, and the header block that the copy is sent with."""

    recipient: Recipient
    facts: Facts
    decision: Decision
    head: bytes


def prepare_block(block: HeaderBlock, submission: Submission, hostname: str) -> HeaderBlock:
    """What every copy has in common: no Bcc (RFC 5322 3.6.3), no control fields, Date and Message-ID (RFC 6409 8)."""
    unwanted = {name for name, _ in block.fields if name.startswith(CONTROL_PREFIX)}
    clean = block.without({b"bcc", b"resent-bcc", b"return-path", *unwanted})
    if clean.get(b"date") is None:
        clean = clean.append(date_field(submission.received_at))
    if clean.get(b"message-id") is None:
        clean = clean.append(message_id_field(submission.id, hostname))
    return clean


def make_copies(
    world: World,
    submission: Submission,
    block: HeaderBlock,
    facts: Sequence[Facts],
    decisions: Sequence[Decision],
    *,
    body_hash: bytes,
    author_domain: str,
) -> list[Copy]:
    """One copy for each recipient; equal needs share one header block, so a message is signed once and not per head."""
    prepared = prepare_block(block, submission, world.settings.hostname)
    trace = _received(submission, world.settings.hostname)
    heads: dict[tuple[bool, str | None], bytes] = {}
    copies = []
    for recipient, known, decision in zip(submission.envelope.recipients, facts, decisions, strict=True):
        # A held copy is neither tagged nor signed: that is done when a person lets it go, by the policy of that day.
        leaves = decision.outcome in (Outcome.DELIVER, Outcome.PROTECT)
        need = (leaves, tag_for(world, decision) if leaves else None)
        if need not in heads:
            heads[need] = (
                finish(world, prepared, body_hash, author_domain=author_domain, tag=need[1], trace=trace)
                if leaves
                else trace + prepared.raw
            )
        copies.append(Copy(recipient, known, decision, heads[need]))
    return copies


def finish(
    world: World,
    prepared: HeaderBlock,
    body_hash: bytes,
    *,
    author_domain: str,
    tag: str | None,
    trace: bytes,
) -> bytes:
    """Tag, sign with every active key of the author's domain, and put the trace on top."""
    block = add_subject_tag(prepared, tag) if tag else prepared
    signatures = [
        dkim.sign(key, block.fields, body_hash, now=world.clock.now()) for key in world.signer.keys_for(author_domain)
    ]
    return b"".join((trace, *signatures, block.raw))


def tag_for(world: World, decision: Decision) -> str | None:
    """The word that makes the upstream encrypt, when that is how this copy is protected."""
    if Protection.SECURE_TAG not in decision.protections:
        return None
    route = world.register.snapshot.routes.get(decision.route or "")
    return route.secure_tag if route else None


def _received(submission: Submission, hostname: str) -> bytes:
    origin = submission.origin
    return received_field(
        helo=origin.helo,
        peer=origin.peer,
        host=hostname,
        message_id=submission.id,
        at=submission.received_at,
        protocol="ESMTPSA" if origin.via == "smtp" else "HTTP",
        tls=origin.tls,
    )
