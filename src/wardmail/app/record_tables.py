"""Records as tables of a TOML file, and back, with every fault named by its place in the file."""

from __future__ import annotations

import json
import re
import tomllib
import types
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from wardmail.store.records import decode, to_plain

T = TypeVar("T")

LARGEST = 4 * 1024 * 1024
_HEADING = re.compile(r"\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}").match
_KEY = re.compile(r"\s*[\"']?([A-Za-z0-9_.-]+)[\"']?\s*=").match


@dataclass(frozen=True, slots=True)
class Fault:
    """`where` is a place in the file, as `route.nhs.port`."""

    where: str
    why: str


class BadFile(Exception):
    """The file cannot be read at all; the reason is for people."""


def load(file: Path) -> tuple[str, dict[str, Any]]:
    """The text and its tables. Raises BadFile."""
    try:
        if file.stat().st_size > LARGEST:
            raise BadFile(f"{file} has more than {LARGEST // 1024} KB")
        text = file.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadFile(f"{file} cannot be read: {error}") from error


def table_of(record: Any, without: Collection[str] = ()) -> dict[str, Any]:
    """TOML has no null: a field that is not there takes its default. Levels are written as words."""
    found = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name not in without and value is not None:
            found[field.name] = _written(value)
    return found


def record_of(kind: type[T], table: object, where: str, faults: list[Fault], given: Mapping[str, object]) -> T | None:
    """`given` are fields that stand outside the table, or that no file may say. None when a fault was found."""
    before = len(faults)
    if not isinstance(table, dict):
        faults.append(Fault(where, "is no table"))
        return None
    faults += [Fault(f"{where}.{key}", "is nothing that a file may say") for key in given if key in table]
    named = {key: value for key, value in table.items() if key not in given}
    plain = _plain(kind, named, where, faults, frozenset(given))
    if len(faults) > before:
        return None
    return decode(kind, json.dumps({**plain, **{key: to_plain(value) for key, value in given.items()}}))


def line_of(text: str, where: str) -> int | None:
    """The line of the nearest thing in the file that is named by `where`."""
    section, best, found = "", 0, None
    for number, line in enumerate(text.splitlines(), 1):
        heading, key = _HEADING(line), _KEY(line)
        if heading and "=" not in line.partition("]")[0]:
            section = heading[1].replace('"', "").replace("'", "")
            place = section
        elif key:
            place = f"{section}.{key[1]}".lstrip(".")
        else:
            continue
        if found is None and place.startswith(f"{where}."):
            found = number
        if len(place) > best and (where == place or where.startswith((f"{place}.", f"{place}["))):
            best, found = len(place), number
    return found


def flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A table inside a table becomes fields with dots."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _written(value: Any) -> Any:
    if is_dataclass(value):
        return table_of(value)
    if isinstance(value, IntEnum):
        return _word(value)
    if isinstance(value, tuple):
        return [_written(each) for each in value]
    return to_plain(value)


def _word(level: Enum) -> str:
    return level.name.lower().replace("_", "-")


def _plain(kind: Any, value: Any, where: str, faults: list[Fault], outside: frozenset[str] = frozenset()) -> Any:
    """The value as `records.decode` takes it."""
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            faults.append(Fault(where, "is no list"))
            return []
        return [_plain(get_args(kind)[0], each, f"{where}[{n}]", faults) for n, each in enumerate(value)]
    if is_dataclass(kind):
        return _plain_table(kind, value, where, faults, outside)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _plain_choice(kind, value, where, faults)
    if kind is date:
        return _plain_day(value, where, faults)
    if type(value) is not kind and not (kind is float and type(value) is int):
        words = {str: "text", int: "whole number", bool: "true or false", float: "number"}
        faults.append(Fault(where, f"is no {words.get(kind, 'value of that kind')}"))
    return value


def _plain_table(kind: Any, value: Any, where: str, faults: list[Fault], outside: frozenset[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        faults.append(Fault(where, "is no table"))
        return {}
    hints = get_type_hints(kind)
    faults += [Fault(f"{where}.{key}", "is not known") for key in value if key not in hints]
    for field in fields(kind):
        needed = field.default is MISSING and field.default_factory is MISSING
        if needed and field.name not in value and field.name not in outside:
            faults.append(Fault(where, f"lacks {field.name}"))
    return {key: _plain(hints[key], item, f"{where}.{key}", faults) for key, item in value.items() if key in hints}


def _plain_choice(kind: type[Enum], value: Any, where: str, faults: list[Fault]) -> Any:
    words = {_word(each) if issubclass(kind, IntEnum) else str(each.value): each.value for each in kind}
    if not isinstance(value, str) or value not in words:
        faults.append(Fault(where, f"is none of: {', '.join(words)}"))
        return None
    return words[value]


def _plain_day(value: Any, where: str, faults: list[Fault]) -> str:
    text = str(value)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        faults.append(Fault(where, "is no day: write it as 2027-03-31"))
        return text
