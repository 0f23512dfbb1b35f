"""Zones as published test suites write them, answering questions like a resolver; and a driver that needs no loop."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeVar

from wardmail.model.question import Answer, DnsQuestion, Found, NotFound, Question, Unknown

T = TypeVar("T")

_DEEPEST_ALIAS = 8


class Zone:
    """`names` maps a name to records, each `{TYPE: value}` or the word TIMEOUT. SPF counts as TXT where there is no TXT."""

    def __init__(self, names: Mapping[str, Sequence[Any]]) -> None:
        self._names = {name.lower().rstrip("."): list(records) for name, records in names.items()}
        self.asked: list[DnsQuestion] = []

    def answer(self, question: Question) -> Answer:
        assert isinstance(question, DnsQuestion)
        self.asked.append(question)
        return self._find(question.name.lower().rstrip("."), question.rdtype, 0)

    def _find(self, name: str, kind: str, depth: int) -> Answer:
        records = self._names.get(name)
        if records is None or depth > _DEEPEST_ALIAS:
            return NotFound()
        # A name's TIMEOUT is for what it does not list; NONE says that SPF is not to stand for TXT.
        listed = [each for each in records if isinstance(each, dict) and each.get(kind, "NONE") != "NONE"]
        if "TIMEOUT" in records and not listed:
            return Unknown("the zone says so")
        own = [each for each in records if isinstance(each, dict)]
        kinds = {"TXT", "SPF"} if kind == "TXT" and not any("TXT" in each for each in own) else {kind}
        if any(each.get(type_) == "TIMEOUT" for each in own for type_ in kinds):
            return Unknown("the zone says so")
        found = [_text(value) for each in own for type_, value in each.items() if type_ in kinds and value != "NONE"]
        if found:
            return Found(tuple(found))
        alias = next((each["CNAME"] for each in own if "CNAME" in each), None)
        return self._find(str(alias).lower().rstrip("."), kind, depth + 1) if alias else NotFound()


class Answering:
    """A zone as `ports.Resolver`."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    async def answer(self, question: Question) -> Answer:
        return self._zone.answer(question)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"{value[0]} {value[1]}" if value and isinstance(value[0], int) else "".join(map(str, value))
    return str(value)


def ask(inquiry: Generator[Question, Answer, T], zone: Zone) -> T:
    try:
        question = next(inquiry)
        while True:
            question = inquiry.send(zone.answer(question))
    except StopIteration as end:
        result: T = end.value
        return result
