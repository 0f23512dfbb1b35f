"""What happened to a message that came in, a sentence for each event; the same at the command line and on pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wardmail.manage.arrival_words import VERDICTS
from wardmail.manage.history_words import sentence
from wardmail.model.verdict import Action

_BY_SOMEBODY: Mapping[str, str] = {
    "MailAcknowledged": "{actor} said that the application has it",
    "MailFetched": "Fetched by {actor}",
    "MailRejected": "Rejected by {actor}: {reason}",
    "MailReplayed": "To be handed over once more, by {actor}: {reason}",
    "DeadLetterRedriven": "Sent on its way again by {actor}: {reason}",
    "QuarantineReleaseProposed": "{actor} would release it, and another person must agree: {reason}",
    "QuarantineReleased": "Released by {actor}: {reason}",
    "QuarantineReleaseBarred": "{actor} agreed to release it, and it stays in quarantine: {why}",
    "QuarantineDeleted": "{actor} decided that nobody gets it: {reason}",
    "QuarantineExpired": "Ended: {why}",
    "MailSetAside": "Kept back, because nobody could judge it: {why}",
    "HandoverGivenUp": "Given up, a person must look: {why}",
}

ATTEMPTS = frozenset({"ArrivalPutOff", "MailHandedOver", "HandoverGivenUp"})
"""How an attempt to hand over ends; `ArrivalPutOff` also stands for one to judge, before `MailJudged`."""


def arrival_sentence(kind: str, actor: str, detail: Mapping[str, Any]) -> str:
    """Of what is not of arrivals alone, as in the history of any message."""
    match kind:
        case "MailReceived":
            return _received(detail)
        case "MailJudged":
            return _judged(detail)
        case "ArrivalPutOff":
            return f"Put off: {detail.get('why') or 'something did not answer'}"
        case "MailHandedOver":
            receipt = detail.get("receipt")
            return f"Handed over{f': {receipt}' if receipt else ''}"
    if kind not in _BY_SOMEBODY:
        return sentence(kind, actor, detail)
    words = {name: detail.get(name) or "no reason is on record" for name in ("reason", "why")}
    return _BY_SOMEBODY[kind].format(actor=actor, **words)


def _received(detail: Mapping[str, Any]) -> str:
    peer = f" from {detail['peer']}" if detail.get("peer") else ""
    tls = f" over {detail['tls']}" if detail.get("tls") else ""
    without = f" (TLS was not asked for: {detail['exception']})" if detail.get("exception") else ""
    return f"Came in by {detail.get('source', 'a source')}{peer}{tls}{without}"


def _judged(detail: Mapping[str, Any]) -> str:
    action = detail.get("action")
    verdict = VERDICTS[Action(action)] if action in set(Action) else "It was judged"
    scans = detail.get("scans") or {}
    found = ", ".join(map(str, detail.get("findings") or ())) or "nothing"
    return (
        f"Judged. {verdict}. SPF {detail.get('spf', 'not known')}, DMARC {detail.get('dmarc', 'not known')}; found: {found}"
        + (f"; {', '.join(f'{name} says {word}' for name, word in scans.items())}" if scans else "")
    )
