"""Every command that a page, a notice or an error tells people to run is there, with the options that are named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from wardmail.app.cli import cli

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r'(?:`|^|\$ |sudo -u wardmail )wardmail((?: --config \S+)?(?: +[^\s`"|;&]+)+)', re.MULTILINE)
_OPTION = re.compile(r"--[a-z][a-z-]*")
WHERE = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "src/wardmail").rglob("*.py"))]


def named(text: str) -> Iterator[list[str]]:
    for found in _NAMED.finditer(text.replace("\\\n", " ")):
        yield found.group(1).split("#")[0].split()


def faults(words: list[str]) -> str:
    """Empty: it can be run as it is written, but for the values."""
    command: click.Command = cli
    context = click.Context(cli)
    options = set(options_of(command))
    for word in words:
        if isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", word):
            found = command.get_command(context, word)
            if found is None:
                return f"there is no {word!r}"
            command = found
            options |= set(options_of(command))
        for option in _OPTION.findall(word) if word.startswith("--") else ():
            if option not in options:
                return f"there is no {option} in {command.name}"
    return ""


def options_of(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    yield "--help"


@pytest.mark.parametrize("path", WHERE, ids=lambda path: str(path.relative_to(ROOT)))
def test_it_names_commands_that_are_there(path: Path) -> None:
    wrong = {" ".join(words): why for words in named(path.read_text()) if (why := faults(words))}
    assert not wrong


def test_commands_are_found_at_all() -> None:
    assert sum(1 for path in WHERE for _ in named(path.read_text())) > 200
    assert [*named("x `wardmail inbound list --state dead-letter` y")] == [
        ["inbound", "list", "--state", "dead-letter"]
    ]
    assert faults(["inbound", "list", "--state", "x"]) == "there is no --state in list"
    assert faults(["inbound", "lists"]) == "there is no 'lists'"
    assert not faults(["inbound", "list", "--status", "dead-letter"])
