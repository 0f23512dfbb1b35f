"""A reason typed at the command line is taken as pages and the API take it, and a refusal for now ends as one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from wardmail.app.acting import reason_option
from wardmail.app.cli import COMMANDS, cli
from wardmail.app.failures import NOT_PERMITTED, TRY_LATER, CommandFailed, refused
from wardmail.model.refusal import Refusal


@click.command()
@reason_option()
def needed(reason: str) -> None:
    click.echo(json.dumps(reason))


@click.command()
@reason_option(required=False, default="it begins")
def optional(reason: str) -> None:
    click.echo(json.dumps(reason))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  asked by\tthe ward \n", "asked by the ward"),
        ("red\x1b[31m alert", "red [31m alert"),
        ("case \u202e21\u2069 of legal", "case 21 of legal"),
        ("a line\u2028and another", "a line and another"),
        ("not UTF-8: \udcff", "not UTF-8:"),
        ("für Zoë", "für Zoë"),
    ],
)
def test_what_would_steer_who_reads_it_is_taken_out(typed: str, kept: str) -> None:
    told = CliRunner().invoke(needed, ["--reason", typed])
    assert json.loads(told.stdout) == kept


@pytest.mark.parametrize("typed", [[], ["--reason", ""], ["--reason", " x "], ["--reason", "\u202e\u202c" * 9]])
def test_a_reason_that_says_nothing_is_none(typed: list[str]) -> None:
    failure = CliRunner().invoke(needed, typed).exception
    assert isinstance(failure, CommandFailed)
    assert (failure.code, failure.status) == ("WM-REASON", 2)
    assert "missing" in failure.what


def test_a_reason_is_never_cut() -> None:
    assert CliRunner().invoke(needed, ["--reason", "w" * 500]).exit_code == 0
    failure = CliRunner().invoke(needed, ["--reason", "w" * 501]).exception
    assert isinstance(failure, CommandFailed)
    assert "longer than 500 characters" in failure.what


def test_where_none_is_needed_one_may_be_left_out_but_not_be_empty_words() -> None:
    assert json.loads(CliRunner().invoke(optional, []).stdout) == "it begins"
    assert json.loads(CliRunner().invoke(optional, ["--reason", ""]).stdout) == ""
    assert isinstance(CliRunner().invoke(optional, ["--reason", "ok"]).exception, CommandFailed)


def test_every_command_takes_its_reason_this_way() -> None:
    taken = [option for each in _commands() for option in each.params if option.name == "reason"]
    ours = type(next(each for each in needed.params if each.name == "reason"))
    assert len(taken) > 40
    assert [each for each in taken if type(each) is not ours] == []


def _commands() -> Iterator[click.Command]:
    context = click.Context(cli)
    waiting = [cli.get_command(context, name) for name in COMMANDS]
    while waiting:
        each = waiting.pop()
        assert each is not None
        if isinstance(each, click.Group):
            waiting += each.commands.values()
        else:
            yield each


@pytest.mark.parametrize(("code", "status"), [(451, TRY_LATER), (452, TRY_LATER), (550, NOT_PERMITTED)])
def test_a_refusal_for_now_is_not_one_for_good(code: int, status: int) -> None:
    failure = refused(Refusal(code, "4.3.0", "The gateway has no room", "WM-SIZE"))
    assert failure.status == status
    assert ("Try again later" in failure.to_do) is (status == TRY_LATER)
