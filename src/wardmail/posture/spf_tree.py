"""The SPF record of a domain with everything that it includes, as a receiver may have to walk it, and what that costs."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from wardmail.model.own_domain import SpfTerm
from wardmail.model.question import Answer, DnsQuestion, Found, NotFound, Question
from wardmail.posture.spf_record import QUALIFIERS, BadRecord, Mechanism, SpfRecord, parse_spf, spf_records

SILENT = "the DNS does not answer"
"""The problem of a record of which nothing is known."""

TOO_MUCH = "with all that it includes it is too much to walk: receivers take that for an error (permerror)"
"""The problem of a domain whose tree was not walked to its end: what was counted is less than what there is."""

_MOST_TERMS = 500
_MOST_COSTLY = 60
"""Far above the 10 of section 4.6.4, so that people see how much is to be removed."""
_DEEPEST = 10
_COSTLY = frozenset({"include", "a", "mx", "ptr", "exists"})  # RFC 7208 section 4.6.4, besides redirect=
_SIGNS = {verdict: sign for sign, verdict in QUALIFIERS.items() if sign != "+"}

_Lines = Generator[Question, Answer, list[SpfTerm]]


def spf_tree(domain: str) -> _Lines:
    """The lines of the tree, the domain itself first; only that one when it has no record."""
    walk = _Walk()
    below = yield from walk.record(domain, 1)
    problem = walk.problems.get(domain, "") or (TOO_MUCH if walk.was_cut else "")
    return [SpfTerm(0, domain, _cost(below, 1), problem), *below]


def _cost(lines: list[SpfTerm], depth: int) -> int:
    return sum(each.lookups for each in lines if each.depth == depth)


class _Walk:
    """Reads each name once; what is included twice costs twice, as it does for a receiver."""

    def __init__(self) -> None:
        self._read: dict[str, SpfRecord | None] = {}
        self._terms = 0
        self._costly = 0
        self.was_cut = False
        self.problems: dict[str, str] = {}

    def record(self, domain: str, depth: int) -> _Lines:
        record = yield from self._of(domain)
        lines: list[SpfTerm] = []
        if record is None:
            return lines
        if depth > _DEEPEST:
            self.was_cut = True
            return lines
        for mechanism in record.mechanisms:
            lines += yield from self._line(_words(mechanism), mechanism, depth)
        if record.redirect:
            followed = Mechanism(next(iter(QUALIFIERS.values())), "include", record.redirect)
            lines += yield from self._line(f"redirect={record.redirect}", followed, depth)
        return lines

    def _line(self, words: str, mechanism: Mechanism, depth: int) -> _Lines:
        own = int(mechanism.name in _COSTLY)
        self._terms, self._costly = self._terms + 1, self._costly + own
        if self._terms > _MOST_TERMS or self._costly > _MOST_COSTLY:
            self.was_cut = True
            return []
        if mechanism.name != "include" or "%" in mechanism.domain:
            return [SpfTerm(depth, words, own)]
        below = yield from self.record(mechanism.domain.lower(), depth + 1)
        line = SpfTerm(depth, words, own + _cost(below, depth + 1))
        return [replace(line, problem=self.problems.get(mechanism.domain.lower(), "")), *below]

    def _of(self, domain: str) -> Generator[Question, Answer, SpfRecord | None]:
        if domain in self._read:
            return self._read[domain]
        answer = yield DnsQuestion(domain, "TXT")
        texts = spf_records(answer.records) if isinstance(answer, Found) else []
        record = None
        if isinstance(answer, NotFound) or (isinstance(answer, Found) and not texts):
            self.problems[domain] = "there is no SPF record"
        elif not isinstance(answer, Found):
            self.problems[domain] = SILENT
        elif len(texts) > 1:
            self.problems[domain] = "there are several SPF records, which counts as none"
        else:
            try:
                record = parse_spf(texts[0])
            except BadRecord as error:
                self.problems[domain] = str(error)
        self._read[domain] = record
        return record


def _words(mechanism: Mechanism) -> str:
    sign = _SIGNS.get(mechanism.verdict, "")
    if mechanism.network is not None:
        return f"{sign}{mechanism.name}:{mechanism.network}"
    return f"{sign}{mechanism.name}{':' if mechanism.domain else ''}{mechanism.domain}"
