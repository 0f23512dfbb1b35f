"""How commands speak: data on stdout, words on stderr, JSON lines when asked, UK dates for people."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import click

from wardmail.model import timestamp

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")(command)


def day_option(*names: str, **settings: Any) -> Callable[[F], F]:
    """An option that takes a day, as 2026-12-01."""
    return click.option(*names, callback=_as_day, metavar="DAY", **settings)


def _as_day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no day: write it as 2027-03-31.") from error


def today_of(now: float) -> date:
    """The day in UTC, by which dates in records are compared."""
    return datetime.fromtimestamp(now, UTC).date()


def emit(record: object) -> None:
    """One JSON object on a line of stdout."""
    text = json.dumps(record, ensure_ascii=False, separators=(", ", ": "))
    # What was no UTF-8 on the command line comes as lone surrogates, which only escapes can carry.
    click.echo(text if _is_text(text) else json.dumps(record, separators=(", ", ": ")))


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def plain(text: str) -> str:
    """For a person to read: what a stranger wrote must not steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def say(text: str = "") -> None:
    click.echo(text)


def note(text: str) -> None:
    """Words about the work, kept out of the data."""
    click.echo(text, err=True)


def at_most(limit: int, found: Sequence[T], which: str = "the newest") -> Sequence[T]:
    """What a list shows of what was found, which is one more than the limit where there is more; it says so then."""
    if len(found) > limit:
        note_of_more(limit, which)
    return found[:limit]


def note_of_more(shown: int, which: str = "the newest") -> None:
    note(f"There are more: these are {which} {shown:,}. Say --limit for more of them.")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as they need to be; the last one runs free. Headings alone would leave a person in doubt."""
    texts = [[str(cell) for cell in row] for row in rows]
    if not texts:
        note(f"There is nothing to list ({', '.join(headings).lower()}).")
        return
    widths = [max([len(heading), *(len(row[i]) for row in texts)]) for i, heading in enumerate(headings)]
    for row in [list(headings), *texts]:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True)]
        say("  ".join([*cells, row[-1]]).rstrip())


def moment(at: float | None) -> str:
    """`22 Nov 2026 14:02:09`, in this machine's own time zone."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at).astimezone().strftime("%-d %b %Y %H:%M:%S")


def rfc3339(at: float | None) -> str | None:
    return None if at is None else timestamp.rfc3339(at)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 copy`, `2,000 copies`; without another word for many, an s is put to the one."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def span(seconds: float) -> str:
    """`45 s`, `12 min`, `4 h`, `2.1 days`, `14 days`."""
    for limit, unit, name in ((90, 1, "s"), (5400, 60, "min"), (129_600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{round(seconds / 86_400, 1):g} days"


def confirm(question: str, *, assume_yes: bool) -> bool:
    """Ask on a terminal; elsewhere only `--yes` counts as yes."""
    if assume_yes:
        return True
    if not sys.stdin.isatty():
        note(f"{question} Not done: say --yes to confirm.")
        return False
    return click.confirm(question)


def progress(what: str) -> Callable[[int, int], None]:
    """A counter on stderr that is rewritten in place; shown on a terminal only, and only after a second."""
    began = time.monotonic()

    def tell(done: int, of: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - began > 1:
            ending = "\n" if done >= of else ""
            click.echo(f"\r{done:,} of {of:,} {what}{ending}", err=True, nl=False)

    return tell
