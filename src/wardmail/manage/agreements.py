"""Makes, signs and ends sharing agreements, and states the risk appetite."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum

from wardmail.manage.integrations import BadInput, checked_name
from wardmail.model.agreement import Agreement, AgreementStanding, Appetite, RiskAppetite, is_approved
from wardmail.model.classification import Sensitivity
from wardmail.model.person import Approval
from wardmail.protocol.address import InvalidAddress, parse_address
from wardmail.protocol.domain import InvalidDomain, parse_domain

LONGEST = timedelta(days=3 * 366)
"""An agreement is looked at again after three years at the latest."""

_TOO_WIDE = {"gov.uk", "nhs.uk", "org.uk", "co.uk", "ac.uk", "police.uk", "sch.uk", "nhs.net", "gov.scot", "gov.wales"}


class SignOff(StrEnum):
    GOVERNANCE = "governance"
    CLINICAL_SAFETY = "clinical-safety"


def checked_agreement(given: Agreement) -> Agreement | BadInput:
    """In the form in which it is kept and compared; sign-offs are not taken from the outside."""
    name = checked_name(given.id)
    if isinstance(name, BadInput):
        return name
    problem = _problem(given)
    if problem:
        return BadInput(problem)
    domains = _domains(given.domains)
    addresses = _addresses(given.addresses)
    if isinstance(domains, BadInput):
        return domains
    if isinstance(addresses, BadInput):
        return addresses
    return replace(given, domains=domains, addresses=addresses, governance=None, clinical_safety=None, ended=None)


def signed(agreement: Agreement, part: SignOff, approval: Approval) -> Agreement | BadInput:
    """Two different people sign for governance and for clinical safety."""
    other = agreement.clinical_safety if part is SignOff.GOVERNANCE else agreement.governance
    if agreement.ended is not None:
        return BadInput(f"Agreement {agreement.id} has ended.")
    if other is not None and other.by == approval.by:
        return BadInput(f"{approval.by} has signed for the other part already; another person must sign this one.")
    if part is SignOff.GOVERNANCE:
        return replace(agreement, governance=approval)
    return replace(agreement, clinical_safety=approval)


def renewed(agreement: Agreement, name: str, ends: date, today: date) -> Agreement | BadInput:
    """A renewal is a new decision, and so a new agreement: the old one counts until its own end."""
    if agreement.standing(today) is AgreementStanding.ENDED:
        return BadInput(f"Agreement {agreement.id} has ended: make a new one.")
    if ends <= agreement.ends:
        return BadInput("The new end must be later than the old one.")
    return checked_agreement(replace(agreement, id=name, starts=today, ends=ends))


def ended(agreement: Agreement, approval: Approval) -> Agreement | BadInput:
    if agreement.ended is not None:
        return BadInput(f"Agreement {agreement.id} has ended already.")
    return replace(agreement, ended=approval)


def stated(
    level: Appetite, *, number: int, reason: str, document: str, author: str, now: float
) -> RiskAppetite | BadInput:
    if not document.strip() and level is not Appetite.WAIT:
        return BadInput("Say where the board's decision is written.")
    return RiskAppetite(number, level, reason, document, author, now)


def with_approval(statement: RiskAppetite, approval: Approval) -> RiskAppetite | BadInput:
    if approval.by == statement.author:
        return BadInput(f"{approval.by} made this statement; two other people must approve it.")
    if any(each.by == approval.by for each in statement.approvals):
        return BadInput(f"{approval.by} has approved it already; another person must.")
    if statement.withdrawn is not None or is_approved(statement):
        return BadInput(f"Statement {statement.number} waits for nobody's approval.")
    return replace(statement, approvals=(*statement.approvals, approval))


def _problem(given: Agreement) -> str:
    for field in ("partner", "purpose", "information", "document"):
        if not getattr(given, field).strip():
            return f"An agreement needs its {field}."
    if not given.domains and not given.addresses:
        return "An agreement needs the partner's domains, or addresses."
    if given.ends < given.starts or given.ends - given.starts > LONGEST:
        return "An agreement ends after it starts, and within three years, so that somebody looks at it again."
    if given.highest >= Sensitivity.SECRET:
        return "No agreement covers SECRET or above (SEC-4)."
    return ""


def _domains(texts: tuple[str, ...]) -> tuple[str, ...] | BadInput:
    found = []
    for text in texts:
        wildcard, name = ("*.", text[2:]) if text.startswith("*.") else ("", text.removeprefix("@"))
        domain = parse_domain(name)
        if isinstance(domain, InvalidDomain):
            return BadInput(f"{text!r} is no domain: {domain.reason}")
        if domain in _TOO_WIDE:
            return BadInput(f"{text!r} is no partner: name the organisation's own domains.")
        found.append(f"{wildcard}{domain}")
    return tuple(dict.fromkeys(found))


def _addresses(texts: tuple[str, ...]) -> tuple[str, ...] | BadInput:
    found = []
    for text in texts:
        address = parse_address(text)
        if isinstance(address, InvalidAddress):
            return BadInput(f"{text!r} is no address: {address.reason}")
        found.append(str(address).lower())
    return tuple(dict.fromkeys(found))
