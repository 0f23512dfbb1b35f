"""Reads TLS reports (RFC 8460): one for each domain of ours that they speak of. What they say is a claim of their sender."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wardmail.model.aggregate_report import TlsFailure, TlsPolicy, TlsReport
from wardmail.protocol.aggregate_words import BadReport, count, domain, plain

_MOST_POLICIES, _MOST_DETAILS = 100, 1000
"""Details of one report, however many policies they are of."""
_KINDS = frozenset({"sts", "tlsa", "no-policy-found"})


def read_tls_report(octets: bytes) -> tuple[TlsReport, ...]:
    """Raises BadReport."""
    try:
        told = json.loads(octets.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise BadReport("it is no JSON that can be read") from None
    if not isinstance(told, dict) or not isinstance(told.get("policies"), list):
        raise BadReport("it is no TLS report")
    policies = [each for each in told["policies"] if isinstance(each, dict)]
    if not policies or len(policies) > _MOST_POLICIES:
        raise BadReport("it has no policy, or too many")
    by_domain: dict[str, list[TlsPolicy]] = {}
    for each in policies:
        name = domain(_text(_mapping(each.get("policy")).get("policy-domain")))
        if not name:
            raise BadReport("a policy of it is of no domain")
        by_domain.setdefault(name, []).append(_policy(each, _MOST_DETAILS // len(policies)))
    return tuple(_report(told, name, found) for name, found in by_domain.items())


def _report(told: Mapping[str, Any], name: str, policies: Sequence[TlsPolicy]) -> TlsReport:
    reporter, report_id = plain(_text(told.get("organization-name"))), plain(_text(told.get("report-id")))
    if not (reporter and report_id):
        raise BadReport("it does not say who reports, or by which ID")
    period = _mapping(told.get("date-range"))
    began, ended = (_moment(_text(period.get(f"{each}-datetime"))) for each in ("start", "end"))
    return TlsReport(name, reporter, plain(_text(told.get("contact-info"))), report_id, began, ended, tuple(policies))


def _policy(told: Mapping[str, Any], most: int) -> TlsPolicy:
    kind, summary = _text(_mapping(told.get("policy")).get("policy-type")), _mapping(told.get("summary"))
    counts: Counter[tuple[str, str]] = Counter()
    details = told.get("failure-details")
    for each in details if isinstance(details, list) else ():
        detail = _mapping(each)
        place = plain(_text(detail.get("result-type")), 60), plain(_text(detail.get("receiving-mx-hostname")), 253)
        if place in counts or len(counts) < most:
            counts[place] += _count(detail.get("failed-session-count"))
    return TlsPolicy(
        kind if kind in _KINDS else "unknown",
        _count(summary.get("total-successful-session-count")),
        _count(summary.get("total-failure-session-count")),
        tuple(TlsFailure(result, host, many) for (result, host), many in counts.most_common()),
    )


def _count(value: object) -> int:
    return count(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else 0


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
        return found.timestamp() if found.tzinfo else _no_moment()
    except (ValueError, OverflowError):
        return _no_moment()


def _no_moment() -> float:
    raise BadReport("its dates cannot be read")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
