"""`wardmail source check`, `reconcile` and `retry`: does it work, and is every message accounted for?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import FINDINGS, NOT_FOUND, TRY_LATER, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, say, table
from wardmail.model.arrival import DayCount
from wardmail.model.mailbox import Listing
from wardmail.model.person import Permission
from wardmail.model.refusal import Unavailable
from wardmail.model.source import Source
from wardmail.store.records import to_plain

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a mailbox found."""

    messages: int
    collected_before: int

    @property
    def waiting(self) -> int:
        return self.messages - self.collected_before


@click.command()
@click.argument("name")
@json_option
@click.pass_obj
def check(config_path: str | None, name: str, as_json: bool) -> None:
    """Connect to a source's mailbox, and say what lies there; nothing is fetched or changed."""
    installation = Installation.at(config_path)
    source = _existing(installation, name)
    if source.mailbox is None:
        listening = ", ".join(installation.settings["receive.listen"])
        if not listening:
            raise CommandFailed("WM-SOURCE-NO-LISTENER", "Nobody listens for it.", "Set receive.listen.", USAGE)
        emit({"source": name, "listening": listening}) if as_json else say(
            f"{name}: mail servers reach it on {listening}."
        )
        return
    seen = asyncio.run(_seen(installation, source))
    if as_json:
        emit({"source": name, "messages": seen.messages, "waiting": seen.waiting})
    else:
        say(
            f"{name}: {seen.messages} messages lie in {source.mailbox.folder}, {seen.waiting} of them not collected yet."
        )


@click.command()
@click.argument("name", required=False)
@click.option("--days", type=click.IntRange(1, 3650), default=7, show_default=True, help="How far back.")
@click.option("--look", is_flag=True, help="Look into the mailboxes as well, not only into what is stored.")
@json_option
@click.pass_obj
def reconcile(config_path: str | None, *, name: str | None, days: int, look: bool, as_json: bool) -> None:
    """Count what came in by day: handed over, waiting, in quarantine, ended. What is in none of them is unaccounted for.

    Exit status 3 when anything is unaccounted for, or could not be collected.
    """
    installation = Installation.at(config_path)
    sources = [_existing(installation, name)] if name else list(installation.register.snapshot().sources.values())
    since = (installation.clock.now() // _DAY - days + 1) * _DAY
    counts: list[DayCount] = []
    for source in sorted(sources, key=lambda each: each.name):
        counts += installation.inbox.days(source.name, collected=source.is_collected, since=since)
    upstream = {each.name: asyncio.run(_seen(installation, each)) for each in sources if look and each.is_collected}
    _told(counts, upstream, as_json)
    if any(each.unaccounted or each.problems for each in counts):
        raise SystemExit(FINDINGS)


@click.command()
@click.argument("name")
@click.argument("key")
@by_option
@json_option
@click.pass_obj
def retry(config_path: str | None, *, name: str, key: str, by: str, as_json: bool) -> None:
    """Collect a message anew that could not be collected; KEY is as `source show` has it."""
    from wardmail.app.inbound_wiring import open_receiving

    installation = Installation.at(config_path)
    _existing(installation, name)
    acting_person(installation, by, Permission.OPERATE_QUEUE)

    async def forget() -> bool:
        with open_receiving(installation) as receiving:
            return await receiving.seen.forget_problem(name, key)

    if not asyncio.run(forget()):
        what = f"Source {name} has no such message that could not be collected."
        raise CommandFailed("WM-SOURCE-NO-PROBLEM", what, f"See `wardmail source show {name}`.", NOT_FOUND)
    emit({"source": name, "key": key, "retried": True}) if as_json else say("It is collected with the next look.")


def _told(counts: Sequence[DayCount], upstream: dict[str, Seen], as_json: bool) -> None:
    if as_json:
        for each in counts:
            emit(to_plain(each))
        for name, seen in upstream.items():
            emit({"source": name, "upstream": seen.messages, "not_collected_yet": seen.waiting})
        return
    headings = ("Source", "Day", "Came", "Receipted", "Waiting", "Quarantined", "Ended", "Not collected", "Unaccounted")
    table(headings, [tuple(to_plain(each).values()) for each in counts])
    for name, seen in upstream.items():
        say(f"{name}: {seen.messages} messages lie upstream, {seen.waiting} of them not collected yet.")
    say(f"{sum(each.unaccounted for each in counts)} unaccounted for.")


async def _seen(installation: Installation, source: Source) -> Seen:
    from wardmail.app.reception import open_box
    from wardmail.edges.mailboxes.opening import MailboxDoor

    mailbox = open_box(MailboxDoor(installation.secrets, installation.clock), source)
    try:
        listing: Listing = await mailbox.look()
    except Unavailable as error:
        what = f"The mailbox of {source.name} does not answer as it should: {error.cause}."
        raise CommandFailed("WM-SOURCE-UNAVAILABLE", what, "See to its account, host and secret.", TRY_LATER) from error
    finally:
        await mailbox.close()
    known = installation.inbox.known_keys(source.name)
    return Seen(len(listing.items), sum(item.key in known for item in listing.items))


def _existing(installation: Installation, name: str) -> Source:
    found = installation.register.snapshot().sources.get(name)
    if found is None:
        raise not_found("source", name, "wardmail source list")
    return found
