"""What each event of the audit is to the program whose mail it is about; most are nothing to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_BY_STATE = MappingProxyType(
    {
        "delivered": "message.delivered",
        "relayed": "message.handed_on",
        "deferred": "message.deferred",
        "bounced": "message.bounced",
        "expired": "message.expired",
        "rejected": "message.rejected",
        "cancelled": "message.cancelled",
        "held": "message.held",
    }
)
_BY_KIND = MappingProxyType(
    {
        "MessageAccepted": "message.accepted",
        "HoldOpened": "message.held",
        "HoldReleased": "message.released",
        "HoldExpired": "message.expired",
        "RecipientCancelled": "message.cancelled",
        "MailReceived": "inbound.received",
        "MailHandedOver": "inbound.handed_over",
        "MailAcknowledged": "inbound.acknowledged",
        "MailRejected": "inbound.rejected",
        "MailSetAside": "inbound.quarantined",
        "HandoverGivenUp": "inbound.dead_letter",
        "QuarantineReleased": "inbound.released",
        "QuarantineDeleted": "inbound.deleted",
        "QuarantineExpired": "inbound.expired",
    }
)
_BY_ARRIVAL_STATE = MappingProxyType(
    {
        "quarantined": "inbound.quarantined",
        "refused": "inbound.refused",
        "handing-over": "inbound.judged",
    }
)
LIST_STALE = "list.stale"
_FOR_EVERYBODY = MappingProxyType({"ListStale": LIST_STALE})
"""About no message: what each program may want to know of the gateway that judges its mail."""

_OF_STATE = ("AttemptMade", "RecipientChanged")

TYPES = tuple(
    sorted(
        {
            *_BY_STATE.values(),
            *_BY_KIND.values(),
            *_BY_ARRIVAL_STATE.values(),
            *_FOR_EVERYBODY.values(),
            "message.complained",
        }
    )
)
"""Every type there is."""


def type_for_everybody(kind: str) -> str:
    """Of an event that is about no message; empty for those that are nobody's business but the gateway's."""
    return _FOR_EVERYBODY.get(kind, "")


def data_for_everybody(detail: Mapping[str, object]) -> dict[str, object]:
    """Without how many people were told: that is the gateway's own."""
    return {name: detail[name] for name in ("list", "stage", "ends") if name in detail}


def type_of(kind: str, detail: Mapping[str, object]) -> str:
    """Empty for an event that a program is not told of."""
    if kind in _OF_STATE:
        return _BY_STATE.get(str(detail.get("state")), "")
    if kind == "ReportTaken":
        return "message.complained" if detail.get("kind") == "complaint" else "message.bounced"
    if kind == "MailJudged":
        return _BY_ARRIVAL_STATE.get(str(detail.get("state")), "")
    return _BY_KIND.get(kind, "")


def data_of(message_id: str, kind: str, detail: Mapping[str, object]) -> dict[str, object]:
    """IDs and codes alone: a peer's words may hold an address."""
    data: dict[str, object] = {"id": message_id}
    if isinstance(detail.get("n"), int):
        data["recipient_no"] = detail["n"]
    if kind == "MessageAccepted":
        recipients = detail.get("recipients")
        if isinstance(recipients, list):
            data["recipients"] = [{"recipient_no": each[0], "outcome": each[2]} for each in recipients]
    for name in ("attempt", "error", "action"):
        if name in detail:
            data[name] = detail[name]
    return data
