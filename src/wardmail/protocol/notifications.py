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
AGREEMENT_EXPIRING = "agreement.expiring"
POLICY_CHANGED = "policy.changed"
_ABOUT_NO_MESSAGE = MappingProxyType(
    {"ListStale": LIST_STALE, "AgreementExpiring": AGREEMENT_EXPIRING, "PolicyActivated": POLICY_CHANGED}
)
"""What a program may want to know of the gateway that judges its mail."""

_THINLY = MappingProxyType({LIST_STALE: ("list", "stage", "ends"), AGREEMENT_EXPIRING: ("agreement", "stage", "ends")})
"""Without how many people were told, or whom else it is about: that is the gateway's own."""

_OF_STATE = ("AttemptMade", "RecipientChanged")

TYPES = tuple(
    sorted(
        {
            *_BY_STATE.values(),
            *_BY_KIND.values(),
            *_BY_ARRIVAL_STATE.values(),
            *_ABOUT_NO_MESSAGE.values(),
            "message.complained",
        }
    )
)
"""Every type there is."""


def told_besides(kind: str, detail: Mapping[str, object], integration: str) -> tuple[str, dict[str, object]] | None:
    """Type and data of an event that is about no message, for the program of this integration; None: not its business."""
    told = _ABOUT_NO_MESSAGE.get(kind, "")
    if not told:
        return None
    if told == POLICY_CHANGED:
        version = _version_in_force(detail)
        return None if version is None else (told, {"version": version})
    only = detail.get("integrations")
    if isinstance(only, list) and only and integration not in only:
        return None
    return told, {name: detail[name] for name in _THINLY[told] if name in detail}


def _version_in_force(detail: Mapping[str, object]) -> int | None:
    states = detail.get("states")
    names = [name for name, state in states.items() if state == "active"] if isinstance(states, dict) else []
    number = names[0].rpartition("-")[2] if len(names) == 1 else ""
    return int(number) if number.isdecimal() else None


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
