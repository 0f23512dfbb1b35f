"""Looks at a domain as the world sees it, ours or another's: what is good, what to improve, to fix (SHARE-8, SHARE-17)."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from typing import TypeVar

from wardmail.assurance.publish import DnsRecord
from wardmail.model.delivery import Deferred
from wardmail.model.own_domain import DomainFinding, DomainReport, SpfTerm, Verdict
from wardmail.model.question import Answer, DnsQuestion, Found, Question, Unknown, drive
from wardmail.model.sender import DmarcPolicy
from wardmail.ports import Resolver
from wardmail.posture.dmarc_record import only_record
from wardmail.posture.mta_sts import StsMode, find_sts_policy
from wardmail.posture.mx import MailHosts, find_mail_hosts
from wardmail.posture.spf import MOST_LOOKUPS
from wardmail.posture.spf_tree import SILENT, TOO_MUCH, spf_tree

_T = TypeVar("_T")
_Finding = Generator[Question, Answer, DomainFinding]
_SILENT = "The DNS does not answer; that says nothing about the domain."

_TO_DO_FOR_SPF = {SILENT: _SILENT, TOO_MUCH: "Remove what does not send any more; see the SPF tree."}


PATIENCE = 20.0
"""Seconds for each check by itself: whoever makes us wait for one answer hides nothing else."""


async def look_at(
    domain: str, keys: Sequence[DnsRecord] | None, now: float, resolver: Resolver, seconds: float = PATIENCE
) -> DomainReport | None:
    """`keys` are the DKIM records that must be published for what signs now; None for a domain that is not ours.

    None when every check took too long.
    """
    inquiries = {
        **({"DKIM": _dkim(keys)} if keys is not None else {}),
        "DMARC": _dmarc(domain),
        "MTA-STS": _mta_sts(domain, now),
        "TLS reports": _tls_reports(domain),
        "MX and DNSSEC": _mail_hosts(domain),
    }
    tree, others = await asyncio.gather(
        _in_time(spf_tree(domain), resolver, seconds),
        asyncio.gather(*(_in_time(each, resolver, seconds) for each in inquiries.values())),
    )
    if tree is None and not any(others):
        return None
    spf = _spf(tree) if tree is not None else _too_late("SPF")
    findings = [each or _too_late(name) for name, each in zip(inquiries, others, strict=True)]
    return DomainReport(domain, now, (spf, *findings), tuple(tree or ()))


async def _in_time(inquiry: Generator[Question, Answer, _T], resolver: Resolver, seconds: float) -> _T | None:
    try:
        async with asyncio.timeout(seconds):
            return await drive(inquiry, resolver)
    except TimeoutError:
        return None


def _too_late(check: str) -> DomainFinding:
    return DomainFinding(check, Verdict.UNKNOWN, "The DNS took too long to answer.", _SILENT)


def _spf(tree: Sequence[SpfTerm]) -> DomainFinding:
    root, problems = tree[0], [each for each in tree[1:] if each.problem and each.problem != SILENT]
    unread = [each for each in tree[1:] if each.problem == SILENT]
    terms = [each.term for each in tree if each.depth == 1]
    if root.problem:
        silent = root.problem == SILENT
        verdict = Verdict.UNKNOWN if silent else Verdict.FIX
        to_do = _TO_DO_FOR_SPF.get(root.problem, "Publish one record that names everything that sends for the domain.")
        return DomainFinding("SPF", verdict, f"{root.problem[:1].upper()}{root.problem[1:]}.", to_do)
    if root.lookups > MOST_LOOKUPS:
        words = f"It needs {root.lookups} DNS look-ups, and receivers stop at {MOST_LOOKUPS}: some will see no SPF."
        return DomainFinding("SPF", Verdict.FIX, words, "Remove what does not send any more; see the SPF tree.")
    if problems:
        words = f"{problems[0].term}: {problems[0].problem}."
        return DomainFinding("SPF", Verdict.FIX, words, "Remove that term, or mend what it names.")
    if any(each in {"all", "?all"} for each in terms):
        return DomainFinding("SPF", Verdict.FIX, "It lets everybody send for the domain.", "End it with ~all or -all.")
    if unread:
        return DomainFinding("SPF", Verdict.UNKNOWN, f"{unread[0].term}: {SILENT}.", _SILENT)
    if not any(each in {"~all", "-all"} or each.startswith("redirect=") for each in terms):
        return DomainFinding("SPF", Verdict.IMPROVE, "It says nothing about everybody else.", "End it with ~all.")
    return DomainFinding("SPF", Verdict.GOOD, f"{root.lookups} look-ups of {MOST_LOOKUPS}.")


def _dkim(keys: Sequence[DnsRecord]) -> _Finding:
    if not keys:
        return DomainFinding(
            "DKIM", Verdict.IMPROVE, "The gateway signs with no key for it.", "Make one, and publish its record."
        )
    missing, silent = [], False
    for each in keys:
        seen = yield from is_published(each)
        silent = silent or seen is None
        if not seen:
            missing.append(each.name.partition(".")[0])
    if silent:
        return DomainFinding("DKIM", Verdict.UNKNOWN, "The DNS does not answer.", _SILENT)
    if missing:
        words = f"Not published as we sign: {', '.join(missing)}. Signatures by it cannot be checked."
        return DomainFinding("DKIM", Verdict.FIX, words, "Publish the records of these keys as we give them.")
    return DomainFinding("DKIM", Verdict.GOOD, f"{len(keys)} key{'s' if len(keys) > 1 else ''}, published as we sign.")


def is_published(key: DnsRecord) -> Generator[Question, Answer, bool | None]:
    """Whether the DNS has this DKIM record with this very key; None when it does not say."""
    answer = yield DnsQuestion(key.name, "TXT")
    if isinstance(answer, Unknown):
        return None
    wanted = _tag(key.value, "p")
    return isinstance(answer, Found) and any(_tag(text, "p") == wanted for text in answer.records)


def _dmarc(domain: str) -> _Finding:
    answer = yield DnsQuestion(f"_dmarc.{domain}", "TXT")
    if isinstance(answer, Unknown):
        return DomainFinding("DMARC", Verdict.UNKNOWN, "The DNS does not answer.", _SILENT)
    record = only_record(domain, answer.records) if isinstance(answer, Found) else None
    if record is None or not record.usable:
        to_do = "Publish one: begin with p=none, and read the reports."
        return DomainFinding("DMARC", Verdict.FIX, "There is no record that can be used.", to_do)
    if record.policy is DmarcPolicy.NONE or record.testing:
        to_do = "Read the reports; go on to quarantine and reject as soon as all of our own mail passes."
        return DomainFinding("DMARC", Verdict.IMPROVE, "It only watches: forgeries are delivered.", to_do)
    return DomainFinding("DMARC", Verdict.GOOD, f"Forgeries are to be treated as {record.policy.value}.")


def _mta_sts(domain: str, now: float) -> _Finding:
    finding = yield from find_sts_policy(domain, None, now)
    if finding.problem.startswith("the record could not be read"):
        return DomainFinding("MTA-STS", Verdict.UNKNOWN, "The DNS does not answer.", _SILENT)
    if finding.problem:
        return DomainFinding("MTA-STS", Verdict.FIX, f"{finding.problem[:1].upper()}{finding.problem[1:]}.", "Mend it.")
    if finding.current is None:
        words = "Mail to the domain can be sent without TLS."
        return DomainFinding("MTA-STS", Verdict.NOT_USED, words, "Publish a policy in mode testing, then enforce.")
    if finding.current.policy.mode is StsMode.ENFORCE:
        return DomainFinding("MTA-STS", Verdict.GOOD, "Mail to the domain must come over TLS.")
    words = f"Its policy is in mode {finding.current.policy.mode.value}."
    return DomainFinding("MTA-STS", Verdict.IMPROVE, words, "Switch to enforce when TLS reports show no failures.")


def _tls_reports(domain: str) -> _Finding:
    answer = yield DnsQuestion(f"_smtp._tls.{domain}", "TXT")
    if isinstance(answer, Unknown):
        return DomainFinding("TLS reports", Verdict.UNKNOWN, "The DNS does not answer.", _SILENT)
    if isinstance(answer, Found) and any(text.startswith("v=TLSRPTv1") for text in answer.records):
        return DomainFinding("TLS reports", Verdict.GOOD, "Others tell when they could not reach it over TLS.")
    words = "Nobody tells when TLS fails."
    return DomainFinding("TLS reports", Verdict.NOT_USED, words, "Publish a record that says where reports go.")


def _mail_hosts(domain: str) -> _Finding:
    found = yield from find_mail_hosts(domain, 0)
    if isinstance(found, Deferred):
        return DomainFinding("MX and DNSSEC", Verdict.UNKNOWN, "The DNS does not answer.", _SILENT)
    if not isinstance(found, MailHosts):
        return DomainFinding("MX and DNSSEC", Verdict.NOT_USED, "It receives no mail.")
    hosts = ", ".join(found.hosts[:5])
    if not found.authenticated:
        return DomainFinding(
            "MX and DNSSEC", Verdict.NOT_USED, f"{hosts}; the zone is not signed by DNSSEC.", "Optional."
        )
    return DomainFinding("MX and DNSSEC", Verdict.GOOD, f"{hosts}; the zone is signed by DNSSEC.")


def _tag(record: str, name: str) -> str:
    for piece in record.split(";"):
        key, _, value = piece.partition("=")
        if key.strip() == name:
            return "".join(value.split())
    return ""
