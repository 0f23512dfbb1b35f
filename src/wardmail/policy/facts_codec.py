"""Facts as plain data and back: kept with each decision, to be judged again, and written by people as examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum, IntEnum
from functools import lru_cache
from json import JSONEncoder, loads
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from wardmail.model.address import Address
from wardmail.model.classification import Sensitivity
from wardmail.model.route import RouteKind, TlsLevel
from wardmail.model.standing import Profile, Standing, StandingAnswer
from wardmail.policy.codec import BadRow
from wardmail.policy.facts import AgreementFacts, Facts, Known, Missing, RouteFacts

T = TypeVar("T")

CANNOT_TELL = "cannot tell"
"""How an example says that a fact is missing."""

TYPICAL = Facts(
    integration="an-integration",
    integration_active=True,
    recipient=Address("someone", "recipient.example"),
    sensitivity=Sensitivity.OFFICIAL,
    standing=Known(StandingAnswer(Standing.UNKNOWN, Profile.HEALTH_AND_CARE, "an example", "example")),
    route=Known(RouteFacts("a-route", RouteKind.SMARTHOST, False, False, TlsLevel.VERIFIED)),
)
"""What an example has where it says nothing."""

_encode = JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def facts_text(facts: Facts) -> str:
    """JSON of what is not as it typically is, without the recipient, whom the caller keeps elsewhere."""
    return _text_of(replace(facts, recipient=TYPICAL.recipient))


@lru_cache(maxsize=4096)
def _text_of(facts: Facts) -> str:
    """Few facts differ from message to message, but for the recipient."""
    return _encode(_difference(facts, TYPICAL))


def facts_from_text(text: str, recipient: Address) -> Facts:
    """What `facts_text` wrote, by this or an earlier release: a fact that it did not have yet is as it typically is."""
    known = {field.name for field in fields(Facts)}
    row = {name: value for name, value in loads(text).items() if name in known}
    return replace(facts_from(row), recipient=recipient)


def facts_from(row: Mapping[str, Any], base: Facts = TYPICAL) -> Facts:
    """An example as a person wrote it. Raises BadRow."""
    return cast(Facts, _overlay(Facts, base, row, "facts"))


def _difference(value: Any, base: Any) -> Any:
    if isinstance(value, Known) and isinstance(base, Known):
        return _difference(value.value, base.value)
    if isinstance(value, Missing):
        return CANNOT_TELL
    if is_dataclass(value) and type(value) is type(base):
        pairs = ((field.name, getattr(value, field.name), getattr(base, field.name)) for field in fields(value))
        return {name: _difference(mine, other) for name, mine, other in pairs if mine != other}
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Known):
        return _plain(value.value)
    if isinstance(value, Address):
        return str(value)
    if isinstance(value, IntEnum):
        return value.name.lower().replace("_", "-")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | frozenset):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _overlay(kind: type, base: Any, row: Any, where: str) -> Any:
    if not isinstance(row, Mapping):
        raise BadRow(f"{where}: it must be a table.")
    hints = get_type_hints(kind)
    unknown = set(row) - set(hints)
    if unknown:
        raise BadRow(f"{where}: there is no {min(unknown)!r}; there are {', '.join(sorted(hints))}.")
    changes = {
        name: _read(hints[name], getattr(base, name, None), value, f"{where}.{name}") for name, value in row.items()
    }
    try:
        return replace(base, **changes) if base is not None else kind(**changes)
    except TypeError as error:
        raise BadRow(f"{where}: it is not complete.") from error


def _read(kind: Any, base: Any, value: Any, where: str) -> Any:
    if get_origin(kind) in (Union, UnionType):
        return _read_union(get_args(kind), base, value, where)
    if get_origin(kind) in (tuple, frozenset):
        if not isinstance(value, list):
            raise BadRow(f"{where}: it must be a list.")
        return get_origin(kind)(_read(get_args(kind)[0], None, each, where) for each in value)
    if kind is Address:
        return _address(value, where)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value, where)
    if is_dataclass(kind):
        return _shorthand(cast(type, kind), base, value, where)
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise BadRow(f"{where}: {value!r} is no {getattr(kind, '__name__', kind)}.")
    return value


def _read_union(parts: tuple[Any, ...], base: Any, value: Any, where: str) -> Any:
    if Missing in parts:
        if value == CANNOT_TELL:
            return Missing("an example says so")
        inner = next(get_args(part)[0] for part in parts if get_origin(part) is Known)
        return Known(_read(inner, base.value if isinstance(base, Known) else None, value, where))
    return None if value is None else _read(next(p for p in parts if p is not type(None)), base, value, where)


def _shorthand(kind: type, base: Any, value: Any, where: str) -> Any:
    """A plain word stands for a table's first field: `standing = "secure"`."""
    if isinstance(value, Mapping):
        return _overlay(kind, base, value, where)
    return _overlay(kind, base, {fields(cast(Any, kind))[0].name: value}, where)


def _member(kind: type[Enum], value: Any, where: str) -> Enum:
    names = {_plain(each): each for each in kind}
    if isinstance(value, str) and value.lower() in names:
        return names[value.lower()]
    raise BadRow(f"{where}: {value!r} is none of {', '.join(map(str, names))}.")


def _address(value: Any, where: str) -> Address:
    local, at, domain = value.rpartition("@") if isinstance(value, str) else ("", "", "")
    if not at and value:
        raise BadRow(f"{where}: {value!r} is no address.")
    return Address(local, domain.lower())


def facts_in_words(facts: Facts) -> dict[str, str]:
    """Every fact by its name, for people: tables as `first word (others)`, what is missing with the reason."""
    return {field.name.replace("_", " "): _words(getattr(facts, field.name)) for field in fields(facts)}


def _words(value: Any) -> str:
    if isinstance(value, Known):
        return _words(value.value)
    if isinstance(value, Missing):
        return f"{CANNOT_TELL}: {value.why}"
    if isinstance(value, AgreementFacts):
        return value.why
    if isinstance(value, StandingAnswer):
        return f"{value.standing.value}: {value.reason} ({value.source})"
    if is_dataclass(value) and not isinstance(value, Address | type):
        first, *others = ((field.name.replace("_", " "), getattr(value, field.name)) for field in fields(value))
        return f"{first[1]} ({', '.join(f'{name} {_words(each)}' for name, each in others)})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nobody" if value is None else str(_plain(value))
