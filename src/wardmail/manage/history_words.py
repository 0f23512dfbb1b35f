"""What happened to a message, a sentence for each event; the same in `wardmail trace` and on the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_BECAUSE: Mapping[str, str] = {
    "HoldReleased": "Released by {actor}: {reason}",
    "HoldReleaseProposed": "{actor} would release it, and another person must agree: {reason}",
    "ContentOpened": "Read by {actor}: {reason}",
    "AttachmentTaken": "Attachment {n} taken by {actor}: {reason}",
    "EvidenceTaken": "Evidence of it taken by {actor}: {reason}",
}
"""What somebody did and gave a reason for."""

_UNNAMED: Mapping[int, str] = {}


def sentence(kind: str, actor: str, detail: Mapping[str, Any], recipients: Mapping[int, str] = _UNNAMED) -> str:
    """`recipients` by number, where the reader sees whom the message is to anyway; the audit names nobody."""
    match kind:
        case "MessageAccepted":
            return _accepted(detail)
        case "AttemptMade":
            return f"To {_whom(detail, recipients)}: {_attempt(detail)}"
        case "RecipientChanged":
            return f"To {_whom(detail, recipients)}: {detail['state']}, {detail.get('why', '')}"
        case "RecipientCancelled" | "RecipientHeld":
            return f"To {_whom(detail, recipients)}: {kind.removeprefix('Recipient').lower()} by {actor}: {detail['reason']}"
        case "MessageSentAgain":
            return _sent_again(actor, detail)
        case _:
            words = _BECAUSE.get(kind, f"{_spaced(kind)} by {{actor}}")
            return words.format(actor=actor, reason=detail.get("reason", ""), n=detail.get("n", ""))


def _whom(detail: Mapping[str, Any], recipients: Mapping[int, str]) -> str:
    return recipients.get(detail["n"], f"recipient {detail['n']}")


def _accepted(detail: Mapping[str, Any]) -> str:
    marks = ", ".join(detail["marks"]) or "nothing in particular"
    tls = f" over {detail['tls']}" if detail["tls"] else ""
    peer = f" at {detail['peer']}" if detail["peer"] else ""
    footer = "; its sender’s name, role and organisation were put under the text" if detail.get("footer") else ""
    return f"Accepted from {detail['user']}{peer}{tls}; {detail['sensitivity']} because of {marks}{footer}"


def _sent_again(actor: str, detail: Mapping[str, Any]) -> str:
    """In the history of the first message, or of the one that it was sent again as."""
    if "again" in detail:
        return f"Sent again by {actor}, as {detail['again']}: {detail['reason']}"
    return f"This is {detail['first']}, sent again by {actor}: {detail['reason']}"


def _spaced(kind: str) -> str:
    """`MailJudged` as "Mail judged"; the name itself stays in the audit and the API."""
    return re.sub("(?<=[a-z])(?=[A-Z])", " ", kind).capitalize()


def _attempt(detail: Mapping[str, Any]) -> str:
    required, achieved, version, cipher = detail["tls"]
    link = f"{version} {cipher}, {detail['proof']}" if version else detail["proof"] or "no TLS"
    where = f" at {detail['host']}" if detail["host"] else ""
    short = (
        "" if achieved == required or not detail["host"] else f" (required {required.lower()}, got {achieved.lower()})"
    )
    return f"{_spaced(detail['outcome']).lower()}{where} after {detail['seconds']} s: {detail['reply']} [{link}{short}]"


OF_RECORDS: Mapping[str, str] = {
    "IntegrationSaved": "Registered, or saved whole,",
    "IntegrationChanged": "Changed",
    "TrialBegun": "Its trial was begun",
    "IntegrationSuspended": "Suspended",
    "IntegrationResumed": "Taken into use again",
    "IntegrationRetired": "Retired for good",
    "TaskTicked": "A task was said to be done",
    "TaskUnticked": "A task was said to be open again",
    "GoLiveAsked": "To go live was asked for",
    "WentLive": "Going live was approved",
    "OverrideAsked": "An override was asked for",
    "OverrideApproved": "An override was approved",
    "ExceptionAsked": "An exception was asked for",
    "ExceptionApproved": "An exception was approved",
    "GapNoted": "A gap in its record was noted, or that there is none any more,",
    "CmdbPushed": "Written into the CMDB",
    "AgreementMade": "Recorded",
    "AgreementSigned": "Signed",
    "AgreementEnded": "Ended",
}
"""What the events of records say; people and others may have a name in common with a record."""


def record_sentence(kind: str, actor: str, detail: Mapping[str, Any]) -> str:
    """What was done to a record, with the fields that changed."""
    changed = detail.get("changed")
    fields = ", ".join(each.replace("_", " ") for each in changed) if isinstance(changed, Mapping) else ""
    of = f" ({fields})" if fields and kind == "IntegrationChanged" else ""
    return f"{OF_RECORDS.get(kind, kind)} by {actor}{of}"
