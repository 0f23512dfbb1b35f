"""Finds out whether a domain asks for proved TLS by MTA-STS, and of which hosts (RFC 8461)."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum

from wardmail.model.question import Answer, DnsQuestion, Found, HttpsQuestion, Question, Unknown

MAX_AGE = 31_557_600
MAX_POLICY_LINES = 500
MAX_PATTERNS = 100

_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_PATTERN = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")


class StsMode(StrEnum):
    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """`max_age` in seconds; `patterns` are lower-case host names, or `*.` and one."""

    mode: StsMode
    max_age: int
    patterns: tuple[str, ...]

    def allows(self, host: str) -> bool:
        """A wildcard stands for exactly one left-most label (section 4.1)."""
        host = host.lower().rstrip(".")
        label, _, parent = host.partition(".")
        return label not in {"", "*"} and (host in self.patterns or f"*.{parent}" in self.patterns)


@dataclass(frozen=True, slots=True)
class CachedPolicy:
    """A policy as fetched; `expires` in seconds since the epoch."""

    id: str
    policy: StsPolicy
    expires: float


@dataclass(frozen=True, slots=True)
class StsFinding:
    """`current` is what to obey and to keep (None: the domain has no policy). `problem` is for reports, else empty."""

    current: CachedPolicy | None = None
    problem: str = ""


def find_sts_policy(domain: str, cached: CachedPolicy | None, now: float) -> Generator[Question, Answer, StsFinding]:
    """A cached policy outlives every failure to see a newer one, until it expires (section 3.3)."""
    kept = cached if cached is not None and cached.expires > now else None
    answer = yield DnsQuestion(f"_mta-sts.{domain}", "TXT")
    policy_id = _policy_id(answer)
    if policy_id is None:
        problem = f"the record could not be read: {answer.why}" if isinstance(answer, Unknown) else ""
        return StsFinding(kept, problem)
    if kept is not None and kept.id == policy_id:
        return StsFinding(kept)
    fetched = yield HttpsQuestion(f"https://mta-sts.{domain}/.well-known/mta-sts.txt")
    if not isinstance(fetched, Found) or not fetched.records:
        why = fetched.why if isinstance(fetched, Unknown) else "there is none"
        return StsFinding(kept, f"the policy could not be fetched: {why}")
    policy = parse_policy(fetched.records[0])
    if policy is None:
        return StsFinding(kept, "the policy is malformed")
    return StsFinding(CachedPolicy(policy_id, policy, now + policy.max_age))


def _policy_id(answer: Answer) -> str | None:
    """Exactly one record must begin with `v=STSv1;`, or the domain has no policy (section 3.1)."""
    records = answer.records if isinstance(answer, Found) else ()
    versioned = [record for record in records if re.match(r"v=STSv1\s*;", record)]
    if len(versioned) != 1:
        return None
    for field in versioned[0].split(";")[1:]:
        name, _, value = field.strip().partition("=")
        if name.rstrip() == "id":
            return value.strip() if _ID.fullmatch(value.strip()) else None
    return None


def parse_policy(text: str) -> StsPolicy | None:
    """None when malformed. The first of a repeated field counts, except `mx`; unknown fields are passed over (3.2)."""
    lines = text.split("\n")
    if len(lines) > MAX_POLICY_LINES:
        return None
    fields: dict[str, str] = {}
    patterns: list[str] = []
    for line in lines:
        name, colon, value = line.strip().partition(":")
        if name.strip() == "mx" and colon:
            patterns.append(value.strip().lower())
        elif colon:
            fields.setdefault(name.strip(), value.strip())
    return _build(fields, patterns)


def _build(fields: dict[str, str], patterns: list[str]) -> StsPolicy | None:
    mode, max_age = fields.get("mode", ""), fields.get("max_age", "")
    if fields.get("version") != "STSv1" or mode not in set(StsMode):
        return None
    if not re.fullmatch(r"[0-9]{1,10}", max_age):
        return None
    is_sane = len(patterns) <= MAX_PATTERNS and all(_PATTERN.fullmatch(pattern) for pattern in patterns)
    if not is_sane or (not patterns and mode != StsMode.NONE):
        return None
    return StsPolicy(StsMode(mode), min(int(max_age), MAX_AGE), tuple(patterns))
