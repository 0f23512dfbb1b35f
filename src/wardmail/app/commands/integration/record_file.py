"""Records as TOML: what people wrote, and nothing of what people did; a file can neither approve nor tick anything."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from wardmail.app.commands.integration.options import TECHNICAL_KEYS
from wardmail.app.failures import USAGE, CommandFailed
from wardmail.manage.registration import FIELDS, LEVELS, as_texts
from wardmail.model.integration import Integration
from wardmail.model.standing import Profile

_LARGEST = 1024 * 1024
_SEVERAL = {"senders", "networks", *(each.option for each in FIELDS if each.several)}
_RECORD = {each.option for each in FIELDS}
_WHOLE_NUMBERS = {
    *("messages-per-minute", "messages-per-day", "recipients-per-minute", "recipients-per-day"),
    "recipients-per-message",
}
_SWITCHES = {"detect-nhs-numbers", "null-sender"}
_KEYS = {key.replace("_", "-") for key in TECHNICAL_KEYS} | _RECORD


def read(file: Path) -> dict[str, dict[str, Any]]:
    """For each integration its options, as the command line would give them. Raises CommandFailed."""
    try:
        if file.stat().st_size > _LARGEST:
            raise _bad(f"{file} has more than {_LARGEST // 1024} KB")
        table = tomllib.loads(file.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _bad(f"{file} cannot be read: {error}") from error
    integrations = table.pop("integration", None)
    if table or not isinstance(integrations, dict):
        raise _bad(f"{file} holds something other than tables [integration.NAME]")
    return {name: options_of(name, each) for name, each in integrations.items()}


def write(integrations: Iterable[Integration]) -> str:
    parts = []
    for each in integrations:
        lines = [f"{key} = {_toml(value)}" for key, value in table_of(each).items()]
        parts.append("\n".join([f"[integration.{each.id}]", *lines]))
    return "\n\n".join(parts) + "\n"


def table_of(integration: Integration) -> dict[str, Any]:
    """What people wrote, under the names of the options."""
    limits = integration.limits
    table: dict[str, Any] = {
        "title": integration.name,
        "route": integration.route,
        "senders": list(integration.senders),
        "networks": list(integration.networks),
        "profile": integration.profile.value,
        "classification": next(word for word, level in LEVELS.items() if level is integration.default_sensitivity),
        "messages-per-minute": limits.messages_per_minute or 0,
        "messages-per-day": limits.messages_per_day or 0,
        "recipients-per-minute": limits.recipients_per_minute or 0,
        "recipients-per-day": limits.recipients_per_day or 0,
        "recipients-per-message": limits.recipients_per_message,
        "detect-nhs-numbers": integration.detect_nhs_numbers,
        "null-sender": integration.may_use_null_sender,
    }
    for field in FIELDS:
        texts = as_texts(integration.registration, field)
        if texts:
            table[field.option] = list(texts) if field.several else texts[0]
    return table


def options_of(name: str, table: object) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise _bad(f"integration.{name} is no table")
    strange = sorted(set(table) - _KEYS)
    if strange:
        raise _bad(f"integration.{name} has {', '.join(strange)}, which nobody can write into a record")
    return {key.replace("-", "_"): _option(f"integration.{name}.{key}", key, value) for key, value in table.items()}


def _option(where: str, key: str, value: object) -> object:
    if key in _SEVERAL:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise _bad(f"{where} is no list of texts")
        return tuple(value) or ("",)  # as on the command line: an empty text empties it
    if key in _WHOLE_NUMBERS or key in _SWITCHES:
        kind = int if key in _WHOLE_NUMBERS else bool
        if type(value) is not kind or (isinstance(value, int) and value < 0):
            raise _bad(f"{where} is no {'whole number' if kind is int else 'true or false'}")
        return value
    text = ("no", "yes")[value] if isinstance(value, bool) else value.isoformat() if isinstance(value, date) else value
    if not isinstance(text, str):
        raise _bad(f"{where} is no text")
    choices: Mapping[str, Iterable[str]] = {"profile": [p.value for p in Profile], "classification": LEVELS}
    if key in choices and text not in choices[key]:
        raise _bad(f"{where} is none of: {', '.join(choices[key])}")
    return text


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return _text(str(value))


def _text(text: str) -> str:
    """A basic string (TOML 1.0): quotation marks, the backslash and control characters are escaped."""
    escaped = "".join(
        f"\\u{ord(each):04x}" if ord(each) < 0x20 or ord(each) == 0x7F else f"\\{each}" if each in '\\"' else each
        for each in text
    )
    return f'"{escaped}"'


def _bad(what: str) -> CommandFailed:
    return CommandFailed("WM-RECORD-FILE", f"{what}.", "`wardmail integration export` shows the form.", USAGE)
