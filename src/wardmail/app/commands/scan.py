"""`wardmail scan`: what is in these messages, and what would be done with them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wardmail.app.failures import FINDINGS, NOT_FOUND, USAGE, CommandFailed
from wardmail.app.output import emit, json_option, note, progress, say, table

if TYPE_CHECKING:
    from wardmail.app.scanning import Scanned

_WORDS = {
    "accept": "Accept: nothing was found against it",
    "warn": "Accept with a warning",
    "strip": "Take parts out",
    "quarantine": "Keep back: a person should look at it",
    "refuse": "Refuse",
}


@click.command()
@click.argument("files", nargs=-1)
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Every file in and below this directory.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, help="Processes to work with.", show_default=True)
@click.option("--own-domain", "own", multiple=True, help="A domain of ours, which others may not claim.")
@click.option("--protect", multiple=True, help="A name or domain that others imitate.")
@click.option("--allow", multiple=True, help="Only these kinds of files: application/pdf, image/*, .docx.")
@click.option("--deny", multiple=True, help="Not these kinds of files.")
@json_option
def command(
    *,
    files: tuple[str, ...],
    directory: Path | None,
    jobs: int,
    own: tuple[str, ...],
    protect: tuple[str, ...],
    allow: tuple[str, ...],
    deny: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say what is in each message FILE and what would be done with it; nothing is changed or sent.

    Works before any set-up. `-` reads one message from standard input. Whatever can be read is judged as a message.
    Exit status: 0 all would be accepted, 3 something was found, 5 a file cannot be read, 2 wrong use.
    """
    from wardmail.app.scanning import Terms, scanned_each

    wanted = [*files, *([] if directory is None else _below(directory))]
    if not wanted:
        raise CommandFailed("WM-SCAN-NOTHING", "There is nothing to scan.", "Name a FILE, `-`, or --dir DIR.", USAGE)
    terms = Terms(own_domains=own, protected_names=protect, allow=allow, deny=deny)
    worst = _show_all(
        scanned_each(wanted, terms, jobs), wanted, as_json, named=len(wanted) > 1 or directory is not None
    )
    if worst:
        raise SystemExit(worst)


def _below(directory: Path) -> list[str]:
    if not directory.is_dir():
        raise CommandFailed("WM-SCAN-DIRECTORY", f"There is no directory {directory}.", "Check the name.", NOT_FOUND)
    return sorted(str(path) for path in directory.rglob("*") if path.is_file())


@dataclass(slots=True)
class _Count:
    found: int = 0
    unreadable: int = 0


def _show_all(results: Iterator[Scanned], wanted: list[str], as_json: bool, *, named: bool) -> int:
    tell, count = progress("messages"), _Count()
    for done, result in enumerate(results, start=1):
        tell(done, len(wanted))
        if result.problem:
            count.unreadable += 1
            _tell_problem(result, as_json)
        else:
            count.found += result.record["action"] != "accept"
            _show(result, as_json, named)
    if not as_json and len(wanted) > 1:
        note(f"{len(wanted)} messages: {count.found} with findings, {count.unreadable} could not be read.")
    if count.unreadable:
        return NOT_FOUND
    return FINDINGS if count.found else 0


def _tell_problem(result: Scanned, as_json: bool) -> None:
    if as_json:
        emit({"file": result.file, "error": "WM-SCAN-UNREADABLE", "what": result.problem})
    note(f"{result.file} cannot be read: {result.problem}. Check the name and its permissions.\n[WM-SCAN-UNREADABLE]")


def _show(result: Scanned, as_json: bool, named: bool) -> None:
    record = result.record
    if as_json:
        emit({"file": result.file, **record} if named else record)
        return
    if named:
        say(f"\n{result.file}")
    say(_WORDS[record["action"]])
    for reason in record["reasons"]:
        say(f"  {reason}")
    say()
    table(
        ("Part", "Type", "Declared as", "Octets", "Name", "Findings"),
        [
            (
                part["path"],
                part["detected_type"],
                part["declared_type"] or "nothing",
                f"{part['size']:,}",
                part["filename"] or "none",
                ", ".join(dict.fromkeys(finding["id"] for finding in part["findings"])),
            )
            for part in record["parts"]
        ],
    )
    if record["findings"]:
        say("\nOf the whole message: " + ", ".join(dict.fromkeys(finding["id"] for finding in record["findings"])))
    if record["urls"]:
        say(f"{len(record['urls'])} links; --json lists them.")
