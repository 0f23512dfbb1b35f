"""The dialogue with GOV.UK Notify's API, version 2: tokens, requests, and what its answers mean. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any

from wardmail.model.delivery import AttemptOutcome, Deferred, Failed, HandedOn, PeerReply
from wardmail.protocol.notify_message import Notification

SEND = "/v2/notifications/email"
FIND = "/v2/notifications"
LARGEST_ANSWER = 1024 * 1024

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_KEY = re.compile(rf"({_UUID})-({_UUID})\Z", re.IGNORECASE)
_DAY = 86_400
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key is its name, the service's ID and the secret, joined by hyphens; team and test keys look the same."""

    service: str
    secret: str

    def __repr__(self) -> str:
        return f"ApiKey({self.service!r})"


def read_key(text: bytes) -> ApiKey | None:
    found = _KEY.search(text.decode("ascii", "replace").strip())
    return ApiKey(found[1], found[2]) if found else None


def bearer(key: ApiKey, now: float) -> str:
    """A JWT (RFC 7519) by HS256, which Notify takes for thirty seconds around `iat`."""
    parts = ({"typ": "JWT", "alg": "HS256"}, {"iss": key.service, "iat": int(now)})
    signed = ".".join(_base64(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    signature = hmac.new(key.secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(signature)}"


def reference_of(message_id: str, recipient_id: int) -> str:
    """Ours alone: a reference must hold nothing personal."""
    return f"{message_id}-{recipient_id}"


def request(notification: Notification, to: str, template: str, reference: str) -> bytes:
    fields: dict[str, Any] = {
        "email_address": to,
        "template_id": template,
        "personalisation": {"subject": notification.subject, "body": notification.text},
        "reference": reference,
    }
    if notification.unsubscribe:
        fields["one_click_unsubscribe_url"] = notification.unsubscribe
    return json.dumps(fields).encode()


def meaning(status: int, answer: bytes, now: float) -> AttemptOutcome:
    """Of the status and the kind of error alone: Notify says that its words may change.

    What is wrong with the route's key, template or clock keeps the mail; what is wrong with this one fails.
    """
    kind, words = _error(answer)
    reply = PeerReply(status, "", _UNPRINTABLE.sub("?", words)[:300])
    if status == 201:
        return HandedOn(PeerReply(201, "2.0.0", f"GOV.UK Notify took it as {_id(answer)}"))
    if status == 429:
        today_is_used_up = kind == "TooManyRequestsError"
        later = (now // _DAY + 1) * _DAY if today_is_used_up else now + 60
        why = (
            "The day's limit of this key is used up."
            if today_is_used_up
            else "GOV.UK Notify takes no more this minute."
        )
        return Deferred(why, reply, counts=False, not_before=later, error="WM-NOTIFY-LIMIT", status="4.7.0")
    if status in (401, 403):
        why = "GOV.UK Notify refused the route's key. Check the key, and this machine's clock; the mail is kept."
        return Deferred(why, reply, counts=False, error="WM-ROUTE-AUTH", status="4.7.8")
    if status == 404 or (status == 400 and "template" in words.lower()):
        why = "GOV.UK Notify has no such template, or it wants other fields than subject and body; the mail is kept."
        return Deferred(why, reply, counts=False, error="WM-NOTIFY-TEMPLATE", status="4.3.5")
    if status == 400:
        to_blame = "5.1.3" if kind == "ValidationError" and "email_address" in words else "5.6.0"
        return Failed("GOV.UK Notify refused it for good.", reply, status=to_blame, error="WM-NOTIFY-REFUSED")
    return Deferred(f"GOV.UK Notify answered {status}.", reply, status="4.4.2")


def found_before(status: int, answer: bytes) -> str | Deferred | None:
    """Whether a notification with our reference is there already: its ID, or None; Deferred when that is not known."""
    fields = _fields(answer)
    listed = fields.get("notifications") if status == 200 else None
    if not isinstance(listed, list):
        outcome = meaning(status, answer, 0.0) if status != 200 else None
        return outcome if isinstance(outcome, Deferred) else Deferred("GOV.UK Notify did not say whether it has it.")
    return next((str(each["id"]) for each in listed if isinstance(each, dict) and "id" in each), None)


def _error(answer: bytes) -> tuple[str, str]:
    errors = _fields(answer).get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return str(first.get("error", "")), str(first.get("message", ""))


def _id(answer: bytes) -> str:
    found = _fields(answer).get("id")
    return found if isinstance(found, str) and re.fullmatch(_UUID, found) else "something without an ID"


def _fields(answer: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
