"""Walks up the DNS tree for DMARC records, and finds the organisation a domain belongs to (RFC 9989 section 4.10)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from wardmail.model.question import Answer, DnsQuestion, Found, Question, Unknown
from wardmail.posture.dmarc_record import DmarcRecord, only_record

MOST_QUERIES = 8
_LONGEST_NAME = 253


@dataclass(frozen=True, slots=True)
class Walk:
    """The records found on the way up from `start`, longest name first. `unanswered` says where the DNS was silent."""

    start: str
    records: tuple[DmarcRecord, ...]
    unanswered: str = ""

    @property
    def own(self) -> DmarcRecord | None:
        return self.records[0] if self.records and self.records[0].domain == self.start else None

    @property
    def organisation(self) -> str:
        """The Organizational Domain (4.10.2). Has no meaning where the DNS was silent."""
        for record in self.records:
            if record.psd == "n":
                return record.domain
            if record.psd == "y" and record.domain != self.start:
                return _one_label_more(self.start, record.domain)
        return self.records[-1].domain if self.records else self.start

    @property
    def policy_record(self) -> DmarcRecord | None:
        """Whose policy applies (4.10.1): the domain's own, else its organisation's, else the public suffix's."""
        organisation = self.organisation
        wanted = [record for record in self.records if record.domain == organisation or record.psd == "y"]
        return self.own or (wanted[0] if wanted else None)


def walk_up(domain: str) -> Generator[Question, Answer, Walk]:
    """`domain` in lower-case A-labels. At most 8 queries, however many labels it has."""
    records: list[DmarcRecord] = []
    for target in targets(domain):
        name = f"_dmarc.{target}"
        if len(name) > _LONGEST_NAME:
            continue
        answer = yield DnsQuestion(name, "TXT")
        if isinstance(answer, Unknown) and records and "." not in target:
            break  # No top-level domain is one organisation, and a record below it goes before its own.
        if isinstance(answer, Unknown):
            return Walk(domain, tuple(records), f"{name}: {answer.why}")
        record = only_record(target, answer.records) if isinstance(answer, Found) else None
        if record is not None:
            records.append(record)
            if record.psd in ("y", "n"):
                break
    return Walk(domain, tuple(records))


def targets(domain: str) -> tuple[str, ...]:
    """The domain itself, then its last seven labels or one label fewer, and so on up to the last."""
    labels = domain.split(".")
    first = max(1, len(labels) - (MOST_QUERIES - 1))
    return (domain, *(".".join(labels[cut:]) for cut in range(first, len(labels))))


def _one_label_more(domain: str, suffix: str) -> str:
    return ".".join(domain.split(".")[-len(suffix.split(".")) - 1 :])
