"""`wardmail send`: hands in one message from the command line, or says what would become of it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import FAILED, USAGE, CommandFailed, not_found, refused
from wardmail.app.output import emit, json_option, note, say
from wardmail.model.person import Permission

if TYPE_CHECKING:
    from wardmail.app.installation import Installation
    from wardmail.model.address import Address
    from wardmail.model.message import Submission
    from wardmail.outbound.world import World

_WAIT = 30.0


@click.command()
@click.option("--integration", default="", help="In the name of this integration (default: the only one).")
@click.option("--from", "sender", default="", help="Default: the integration's first sender.")
@click.option("--to", "recipients", multiple=True, required=True, help="Repeat for more recipients.")
@click.option("--subject", default="")
@click.option("--text", default=None, help="The text; else it is read from standard input.")
@click.option("--classification", default="", help="official, official-sensitive, …")
@click.option("--time-critical", is_flag=True, help="Somebody's care waits for it.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; send and keep nothing.")
@click.option("--wait", is_flag=True, help=f"Wait up to {_WAIT:.0f} s for the outcome.")
@by_option
@json_option
@click.pass_obj
def command(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    integration: str,
    sender: str,
    recipients: tuple[str, ...],
    subject: str,
    text: str | None,
    classification: str,
    time_critical: bool,
    dry_run: bool,
    wait: bool,
    by: str,
    as_json: bool,
) -> None:
    """Send one message through the same walk as SMTP takes. A running gateway delivers it."""
    from wardmail.app.installation import Installation

    installation = Installation.at(config_path)
    name, sender = _author(installation, integration, sender)
    author, people = parsed_address(sender), [parsed_address(each) for each in recipients]
    raw = _message((sender, people, subject), text, classification, time_critical)

    def submitted(world: World, username: str) -> Submission:
        return _submission(world, username, name, author, people, raw)

    if dry_run:
        asyncio.run(_preview(installation, lambda world: submitted(world, ""), as_json))
        return
    actor = acting_person(installation, by, Permission.SEND)
    message_id = asyncio.run(_send(installation, lambda world: submitted(world, actor.id), as_json))
    if wait:
        _await_outcome(installation, message_id, as_json)


def _message(
    written: tuple[str, Sequence[Address], str], text: str | None, classification: str, time_critical: bool
) -> bytes:
    """`written`: from whom, to whom, the subject. Raises CommandFailed."""
    sender, people, subject = written
    if {"\r", "\n"} & set(subject + classification + sender):
        raise CommandFailed("WM-HEADER", "A header field is one line.", "Take the line break out.", USAGE)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, ", ".join(map(str, people)), subject
    if classification:
        message["Wardmail-Classification"] = classification
    if time_critical:
        message["Wardmail-Urgency"] = "time-critical"
    message.set_content(text if text is not None else sys.stdin.read())
    return message.as_bytes()


async def _preview(installation: Installation, submitted: Callable[[World], Submission], as_json: bool) -> None:
    from wardmail.app.wiring import open_world
    from wardmail.model.refusal import Refusal
    from wardmail.outbound.walk import judge
    from wardmail.policy.explain import explain

    with open_world(installation) as world:
        judged = await judge(world, submission := submitted(world))
    if isinstance(judged, Refusal):
        raise refused(judged, tried=True)
    for person, decision in zip(submission.envelope.recipients, judged.decisions, strict=True):
        lines = explain(decision)
        if as_json:
            record = {"to": str(person.address), "outcome": decision.outcome.value, "route": decision.route}
            emit(record | {"classification": judged.classification.level.label, "because": lines[1:]})
            continue
        say(f"{person.address}: {lines[0]}")
        for line in lines[1:]:
            say(f"    {line}")
    if not as_json:
        marks = "; ".join(dict.fromkeys(mark.source for mark in judged.classification.marks))
        say(f"Classification {judged.classification.level.label}, from {marks}. Nothing was sent or kept.")


async def _send(installation: Installation, submitted: Callable[[World], Submission], as_json: bool) -> str:
    from wardmail.app.wiring import open_world
    from wardmail.model.receipt import Accepted
    from wardmail.outbound.walk import accept
    from wardmail.policy.explain import headline

    with open_world(installation) as world:
        receipt = await accept(world, submitted(world))
    if not isinstance(receipt, Accepted):
        raise refused(receipt)
    for person, decision in receipt.decisions:
        if as_json:
            emit(
                {
                    "id": receipt.message_id,
                    "to": str(person),
                    "outcome": decision.outcome.value,
                    "route": decision.route,
                }
            )
        else:
            say(f"{receipt.message_id}  {person}: {headline(decision)}")
    return receipt.message_id


def _await_outcome(installation: Installation, message_id: str, as_json: bool) -> None:
    from wardmail.app.message_output import as_record, state_word
    from wardmail.store.messages import Search

    until = time.monotonic() + _WAIT
    while time.monotonic() < until:
        lines = installation.messages.search(Search(message_id))
        if all(line.state not in {"accepted"} for line in lines):
            for line in lines:
                emit(as_record(line)) if as_json else say(f"{line.recipient}: {state_word(line)}. {line.last_reply}")
            return
        time.sleep(0.2)
    note(f"Still waiting: see `wardmail trace {message_id}`. Is the gateway running?")
    raise SystemExit(FAILED)


def _author(installation: Installation, name: str, sender: str) -> tuple[str, str]:
    found = installation.register.snapshot().integrations
    name = name or (next(iter(found)) if len(found) == 1 else "")
    if not name:
        what = f"{'Several integrations are' if found else 'No integration is'} registered."
        to_do = "Name one by --integration." if found else "Register one by `wardmail integration create`."
        raise CommandFailed("WM-OPTION-MISSING", what, to_do, USAGE)
    if name not in found:
        raise not_found("integration", name, "wardmail integration list")
    first = next((each for each in found[name].senders if not each.startswith("@")), None)
    if not sender and first is None:
        raise CommandFailed("WM-SENDER-MISSING", f"{name} may send from whole domains only.", "Say --from.", USAGE)
    return name, sender or str(first)


def _submission(  # noqa: PLR0917
    world: World, username: str, name: str, sender: Address, people: list[Address], raw: bytes
) -> Submission:
    from wardmail.model.message import Envelope, MemoryBody, Origin, Recipient, Submission

    head, _, body = raw.partition(b"\r\n\r\n")
    return Submission(
        id=world.new_id(),
        origin=Origin(name, username, "127.0.0.1", "command-line", "cli"),
        envelope=Envelope(sender, tuple(Recipient(person) for person in people)),
        head=head + b"\r\n",
        body=MemoryBody((body,)),
        received_at=world.clock.now(),
    )


def parsed_address(text: str) -> Address:
    from wardmail.protocol.address import InvalidAddress, parse_address

    parsed = parse_address(text)
    if isinstance(parsed, InvalidAddress):
        raise CommandFailed("WM-ADDRESS", f"{text!r} is no address: {parsed.reason}", "Write it as a@b.example.", USAGE)
    return parsed
