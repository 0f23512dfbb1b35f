"""Reference pages that are made of the program itself: settings, commands, events, roles. So they cannot go out of date."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import click

from wardmail.app.cli import COMMANDS, cli
from wardmail.app.markdown_table import markdown_table
from wardmail.app.settings_schema import SETTINGS, Setting
from wardmail.model.person import PERMISSIONS, Permission, Role
from wardmail.protocol.notifications import AGREEMENT_EXPIRING, LIST_STALE, POLICY_CHANGED, TYPES

_KINDS = {str: "text", int: "number", float: "number", bool: "yes or no", list: "list"}
_SECRET_FORMS = "`keystore:NAME`, `file:PATH`, `env:NAME`, `credential:NAME`, `vault:…`, `azure:…` or `pkcs11:…`"  # noqa: S105

_ABOUT_NO_MESSAGE = {
    LIST_STALE: "every program: the list of accredited organisations is soon out of date (`stage` is `soon`), or is (`over`)",
    POLICY_CHANGED: "every program: the `version` of the policy by which mail is judged from now on",
    AGREEMENT_EXPIRING: "programs whose mail the sharing `agreement` covers: it `ends` in 60, 30 or 7 days (`stage`), or has"
    " ended (`ended`); `ends` is its last day",
}


def reference_pages() -> Mapping[str, str]:
    """Markdown by name below `/docs`."""
    return {
        "reference/settings": "\n".join(_settings()),
        "reference/commands": "\n".join(_commands()),
        "reference/events": "\n".join(_events()),
        "reference/roles": "\n".join(_roles()),
    }


def _settings() -> Iterator[str]:
    yield "# Settings\n"
    yield "One TOML file, `/etc/wardmail/wardmail.toml`, and drop-ins `wardmail.d/*.toml` beside it. An environment variable"
    yield "`WARDMAIL__SECTION__KEY` beats the file, the command line beats both. `wardmail config show --origin` says what is in"
    yield f"force and where it comes from. A secret never stands in a setting, but a reference to it: {_SECRET_FORMS}.\n"
    sections: dict[str, list[Setting]] = {}
    for each in SETTINGS:
        sections.setdefault(each.key.partition(".")[0], []).append(each)
    for name, settings in sections.items():
        yield f"\n## {name}\n"
        yield from markdown_table(("setting", "kind", "default", "what it is"), [_setting(each) for each in settings])


def _setting(setting: Setting) -> Sequence[str]:
    default = "this host's name" if callable(setting.default) else f"`{json.dumps(setting.default)}`"
    return f"`{setting.key}`", _KINDS[setting.kind], "none" if setting.default in ("", []) else default, setting.meaning


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "Data goes to standard output, words to standard error. `--json` prints one object a line. Every failure says what"
    yield "happened, why, what to do, and a code. Exit status: 0 done, 1 failed, 2 used wrongly, 3 something was found, 4 not"
    yield "permitted, 5 not found, 6 in conflict, 75 try later.\n"
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield f"\n## wardmail {name}\n"
        yield from _command(command, f"wardmail {name}")


def _command(command: click.Command, path: str) -> Iterator[str]:
    yield f"{_help(command)}\n"
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            yield f"\n### {path} {name}\n"
            yield from _command(inner, f"{path} {name}")
        return
    usage = " ".join(
        each.make_metavar(click.Context(command)) for each in command.params if each.param_type_name == "argument"
    )
    yield f"```\n{path} [OPTIONS] {usage}".rstrip() + "\n```\n"
    rows = [
        (f"`{' '.join(each.opts)}`", _one_line(each.help)) for each in command.params if isinstance(each, click.Option)
    ]
    if rows:
        yield from markdown_table(("option", "what it does"), rows)


def _events() -> Iterator[str]:
    yield "# Events\n"
    yield "What `/v1/events`, its stream and webhooks tell (Standard Webhooks 1.0.0): `type`, `timestamp` and `data`. `data` is"
    yield "thin: `seq`, the `id` of the message if it is about one, `recipient_no`, the `attempt`, an `error` code; never an"
    yield "address or a subject. Ask the API for the rest.\n"
    yield from markdown_table(("type", "about"), [(f"`{each}`", _about(each)) for each in TYPES])


def _about(kind: str) -> str:
    if kind in _ABOUT_NO_MESSAGE:
        return _ABOUT_NO_MESSAGE[kind]
    subject = "mail that came in" if kind.startswith("inbound.") else "a message that was sent"
    return f"{subject}: {kind.partition('.')[2].replace('_', ' ')}"


def _roles() -> Iterator[str]:
    yield "# Roles and permissions\n"
    yield "Every command, page and call names the permission that it takes. A person may have several roles.\n"
    rows = [
        (permission.words, *("yes" if permission in PERMISSIONS[role] else "" for role in Role))
        for permission in Permission
    ]
    yield from markdown_table(("permission", *(role.value for role in Role)), rows)


def _help(command: click.Command) -> str:
    return " ".join((command.help or command.short_help or "").split())


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
