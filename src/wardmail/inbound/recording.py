"""The steps of an arrival, as the store keeps them: each one change, with its event."""

from __future__ import annotations

from dataclasses import replace

from wardmail.model.arrival import WORKED_ON, Arrival, ArrivalChange, ArrivalState, Judgement
from wardmail.model.verdict import Action

WE = "wardmail"


def judged(arrival: Arrival, judgement: Judgement, state: ArrivalState, due_at: float | None) -> ArrivalChange:
    """No sentence of a finding: it may name a file or a host, and the audit outlives the content."""
    verdict = judgement.verdict
    ids = tuple(sorted({finding.id for finding in judgement.inspection.all_findings}))
    names = sorted({name for scan in judgement.scans for name in scan.names})
    detail: dict[str, object] = {
        "action": verdict.action.value,
        "findings": list(ids),
        "scans": {scan.scanner: scan.outcome.value for scan in judgement.scans},
        "names": names[:20],
        "spf": judgement.sender.spf.result.value,
        "dmarc": judgement.sender.dmarc.result.value,
        "acceptable": judgement.sender.signature_acceptable.value,
    }
    if judgement.report:
        detail["report"] = judgement.report
    return ArrivalChange(
        arrival.id,
        (ArrivalState.RECEIVED,),
        state,
        due_at,
        "MailJudged",
        WE,
        detail,
        attempts=0,
        action=verdict.action.value,
        findings=ids,
        judgement=judgement,
    )


def put_off(arrival: Arrival, why: str, due_at: float | None) -> ArrivalChange:
    """It stays in its state, and is tried again; without a time, when somebody asks for it."""
    return ArrivalChange(
        arrival.id,
        (arrival.state,),
        arrival.state,
        due_at,
        "ArrivalPutOff",
        WE,
        {"attempt": arrival.attempts + 1, "next": due_at},
        why=why,
        attempts=arrival.attempts + 1,
    )


def handed_over(arrival: Arrival, receipt: str) -> ArrivalChange:
    return _step(arrival, ArrivalState.HANDED_OVER, "MailHandedOver", {"receipt": receipt[:200]})


def given_up(arrival: Arrival, why: str) -> ArrivalChange:
    change = _step(arrival, ArrivalState.DEAD_LETTER, "HandoverGivenUp", {"attempts": arrival.attempts + 1})
    return replace(change, why=why)


def set_aside(arrival: Arrival, why: str) -> ArrivalChange:
    """Nobody could judge it: a person must."""
    change = _step(arrival, ArrivalState.QUARANTINED, "MailSetAside", {"action": Action.QUARANTINE.value})
    return replace(change, why=why, action=Action.QUARANTINE.value)


def stuck(arrival: Arrival, why: str) -> ArrivalChange:
    """It is worked on no more: a person must look. What was judged before is not judged anew."""
    return (set_aside if arrival.state is ArrivalState.RECEIVED else given_up)(arrival, why)


def _step(arrival: Arrival, state: ArrivalState, kind: str, detail: dict[str, object]) -> ArrivalChange:
    return ArrivalChange(arrival.id, WORKED_ON, state, None, kind, WE, detail)


def kept_by(change: ArrivalChange, owner: str | None) -> ArrivalChange:
    """The process that made the step goes on with the next one."""
    return replace(change, lease_owner=owner)


def with_action(judgement: Judgement, action: Action, reason: str) -> Judgement:
    verdict = judgement.verdict
    return replace(judgement, verdict=replace(verdict, action=action, reasons=(reason, *verdict.reasons)))
