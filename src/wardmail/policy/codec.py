"""Rules as data rows and back: a closed vocabulary, read by the types of its own fields.

A condition or an effect is written as its name and what it needs: `{"sensitivity-at-least": "official-sensitive"}`,
`{"hold": {"urgent": true}}`, `{"not": …}`, `{"all": […]}`, `{"any": […]}`; one without fields as `{"always": true}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum, IntEnum
from typing import Any, cast, get_args, get_origin, get_type_hints

from wardmail.model.refusal import Refusal
from wardmail.policy.conditions import AllOf, AnyOf, Condition, Not
from wardmail.policy.effects import Effect, Refuse, RouteByIntegration
from wardmail.policy.evaluate import Rule
from wardmail.policy.vocabulary import CONDITIONS, EFFECTS

MOST_RULES = 500
DEEPEST = 10
MOST_PARTS = 2_000
LONGEST_TEXT = 500

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}").fullmatch
_ERROR = re.compile(r"WM-[A-Z][A-Z0-9-]{1,60}").fullmatch
_STATUS = re.compile(r"[45]\.\d{1,3}\.\d{1,3}").fullmatch


class BadRow(Exception):
    """Why a row cannot be read: where in it, and what is wrong; a sentence for people."""


def name_of(kind: type) -> str:
    """`SensitivityAtLeast` → `sensitivity-at-least`; the three that combine others have short names."""
    short = {Not: "not", AllOf: "all", AnyOf: "any"}
    return short.get(kind) or re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


_CONDITIONS = {name_of(kind): kind for kind in CONDITIONS}
_EFFECTS = {name_of(kind): kind for kind in EFFECTS}


def encode_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "source": rule.source,
        "why": rule.why,
        "when": encode_part(rule.when),
        "then": encode_part(rule.then),
    }


def encode_part(part: Condition | Effect) -> dict[str, Any]:
    values = _fields(part)
    if not values:
        return {name_of(type(part)): True}
    return {name_of(type(part)): next(iter(values.values())) if len(fields(cast(Any, part))) == 1 else values}


def decode_rules(rows: Sequence[Any]) -> tuple[Rule, ...]:
    """Raises BadRow. A site's rule never opens a route: whatever a row says, it can only tighten."""
    if len(rows) > MOST_RULES:
        raise BadRow(f"there are {len(rows)} rules; {MOST_RULES} is the most.")
    rules = tuple(decode_rule(row, f"rule {n}") for n, row in enumerate(rows, 1))
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise BadRow(f"rule {rule.id}: there are two of that name.")
        seen.add(rule.id)
    return rules


def decode_rule(row: Any, where: str) -> Rule:
    if not isinstance(row, Mapping):
        raise BadRow(f"{where}: it is no table.")
    unknown = set(row) - {"id", "source", "why", "when", "then", "example"}
    if unknown:
        raise BadRow(f"{where}: {min(unknown)!r} is no field of a rule.")
    name = row.get("id")
    if not isinstance(name, str) or not _NAME(name):
        raise BadRow(f"{where}: its id must be small letters, digits and hyphens, a letter first.")
    where = f"rule {name}"
    source, why = (_text(row.get(field), f"{where}: {field}") for field in ("source", "why"))
    budget = _Budget()
    when = _decode_condition(row.get("when"), f"{where}: when", budget, 0)
    then = _decode_effect(row.get("then"), f"{where}: then")
    return Rule(name, source, when, then, why)


class _Budget:
    def __init__(self) -> None:
        self.parts = 0

    def spend(self, where: str, depth: int) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS or depth > DEEPEST:
            raise BadRow(f"{where}: it has too many parts, or too many levels ({DEEPEST} is the most).")


def _decode_condition(value: Any, where: str, budget: _Budget, depth: int) -> Condition:
    budget.spend(where, depth)
    name, inner = _single(value, where)
    if name not in _CONDITIONS:
        raise BadRow(f"{where}: there is no condition {name!r}; there are {', '.join(sorted(_CONDITIONS))}.")
    kind = _CONDITIONS[name]
    if kind is Not:
        return Not(_decode_condition(inner, f"{where}.not", budget, depth + 1))
    if kind is AllOf or kind is AnyOf:
        if not isinstance(inner, Sequence) or isinstance(inner, str) or not inner:
            raise BadRow(f"{where}.{name}: it needs a list of conditions that is not empty.")
        parts = [_decode_condition(each, f"{where}.{name}[{n}]", budget, depth + 1) for n, each in enumerate(inner, 1)]
        return AllOf(tuple(parts)) if kind is AllOf else AnyOf(tuple(parts))
    return cast(Condition, _build(kind, inner, f"{where}.{name}"))


def _decode_effect(value: Any, where: str) -> Effect:
    name, inner = _single(value, where)
    if name not in _EFFECTS:
        raise BadRow(f"{where}: there is no effect {name!r}; there are {', '.join(sorted(_EFFECTS))}.")
    effect = cast(Effect, _build(_EFFECTS[name], inner, f"{where}.{name}"))
    if isinstance(effect, RouteByIntegration):
        raise BadRow(f"{where}: a site's rule may not open a route; only the built-in rule does.")
    if isinstance(effect, Refuse):
        _check_refusal(effect.refusal, where)
    return effect


def _check_refusal(refusal: Refusal, where: str) -> None:
    if refusal.code not in (450, 451, 550, 554) or not _STATUS(refusal.status):
        raise BadRow(f"{where}: a refusal's code is 450, 451, 550 or 554, its status as 5.7.1.")
    if refusal.status[0] != str(refusal.code)[0] or not _ERROR(refusal.error):
        raise BadRow(f"{where}: status and code must begin alike, and error must be as WM-SITE-NAME.")
    if not refusal.public.isascii() or not refusal.public.isprintable():
        raise BadRow(f"{where}: what is said to the outside must be plain ASCII, on one line.")


def _single(value: Any, where: str) -> tuple[str, Any]:
    if not isinstance(value, Mapping) or len(value) != 1:
        raise BadRow(f"{where}: it must be one name with what it needs, as {{ hold = true }}.")
    return next(iter(value.items()))


def _build(kind: type, inner: Any, where: str) -> object:
    """The dataclass `kind` from plain data, checked field by field."""
    wanted = fields(cast(Any, kind))
    hints = get_type_hints(kind)
    if not wanted:
        if inner is not True:
            raise BadRow(f"{where}: it needs nothing; write true.")
        return kind()
    if inner is True and all(_has_default(field) for field in wanted):
        return kind()
    if len(wanted) == 1 and not (isinstance(inner, Mapping) and wanted[0].name in inner):
        return kind(_typed(hints[wanted[0].name], inner, where))
    if not isinstance(inner, Mapping):
        raise BadRow(f"{where}: it needs a table with {', '.join(field.name for field in wanted)}.")
    unknown = set(inner) - {field.name for field in wanted}
    missing = [field.name for field in wanted if field.name not in inner and not _has_default(field)]
    if unknown or missing:
        raise BadRow(f"{where}: {f'{min(unknown)!r} is unknown' if unknown else f'{missing[0]!r} is missing'}.")
    return kind(**{name: _typed(hints[name], value, f"{where}.{name}") for name, value in inner.items()})


def _has_default(field: Any) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _typed(kind: Any, value: Any, where: str) -> Any:
    if get_origin(kind) is tuple:
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MOST_RULES:
            raise BadRow(f"{where}: it needs a list.")
        return tuple(_typed(get_args(kind)[0], each, where) for each in value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value, where)
    if is_dataclass(kind):
        return _build(cast(type, kind), value, where)
    if kind is str:
        return _text(value, where)
    if type(value) is not kind:
        raise BadRow(f"{where}: {value!r} is no {kind.__name__}.")
    return value


def _member(kind: type[Enum], value: Any, where: str) -> Enum:
    names = {_word(each): each for each in kind}
    if isinstance(value, str) and value.lower() in names:
        return names[value.lower()]
    raise BadRow(f"{where}: {value!r} is none of {', '.join(names)}.")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or not value.isprintable():
        raise BadRow(f"{where}: it needs a text of one line, of at most {LONGEST_TEXT} characters.")
    return value


def _word(member: Enum) -> str:
    return member.name.lower().replace("_", "-") if isinstance(member, IntEnum) else str(member.value)


def _fields(value: Any) -> dict[str, Any]:
    """Without those that are as they are by default."""
    found = {field: getattr(value, field.name) for field in fields(value)}
    return {field.name: _plain(each) for field, each in found.items() if each != field.default}


_PLAIN: tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...] = (
    (lambda value: isinstance(value, Enum), _word),
    (lambda value: isinstance(value, tuple | frozenset), lambda value: [_plain(each) for each in value]),
    (lambda value: type(value) in CONDITIONS or type(value) in EFFECTS, encode_part),
    (is_dataclass, _fields),
)


def _plain(value: Any) -> Any:
    return next((turn(value) for applies, turn in _PLAIN if applies(value)), value)


def needs_of(kind: type) -> dict[str, str]:
    """What each field of a condition or an effect may be, in words."""
    hints = get_type_hints(kind)
    return {field.name: _kind_in_words(hints[field.name]) for field in fields(cast(Any, kind))}


def _kind_in_words(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " | ".join(_word(each) for each in kind)
    if get_origin(kind) is tuple:
        return f"[{_kind_in_words(get_args(kind)[0])}, …]"
    if is_dataclass(kind):
        return "{ " + ", ".join(f"{field.name}" for field in fields(kind)) + " }"
    return {bool: "true | false", str: "text", int: "number"}.get(kind, "a condition")
