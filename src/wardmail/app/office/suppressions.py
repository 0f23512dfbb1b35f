"""The suppression list as people change it, by command or by the API."""

from __future__ import annotations

import base64
import binascii

from wardmail.app.failures import USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339
from wardmail.model.person import Person
from wardmail.model.reading import NoSuchPage, Page, Wanted
from wardmail.model.suppression import EVERYBODY, Suppression, SuppressionReason
from wardmail.protocol.address import InvalidAddress, parse_address


class SuppressionOffice:
    """Everything here blocks, and raises CommandFailed for what cannot be done."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def page(self, wanted: Wanted) -> Page:
        """Raises NoSuchPage for an `after` that no page gave."""
        after = _place(wanted.after) if wanted.after else ("", "")
        found = self._installation.suppressions.all(wanted.text, after=after, limit=wanted.limit + 1)
        shown = found[: wanted.limit]
        following = _cursor(shown[-1]) if len(found) > wanted.limit else ""
        return Page([as_record(each) for each in shown], following)

    def add(self, actor: Person, address: str, integration: str, reason: str, days: float | None) -> dict[str, object]:
        now = self._installation.clock.now()
        until = now + days * 86_400 if days else None
        check_integration(self._installation, integration)
        by_hand, checked = SuppressionReason.BY_HAND, checked_address(address)
        entry = Suppression(checked, integration, by_hand, reason, actor.id, now, expires_at=until)
        self._installation.suppressions.add([entry])
        return as_record(entry)

    def remove(self, actor: Person, address: str, integration: str | None, reason: str) -> dict[str, object]:
        """`integration` None: every entry of the address."""
        wanted = checked_address(address)
        count = self._installation.suppressions.remove(wanted, integration, actor.id, reason)
        if not count:
            raise not_found("suppression", wanted, "wardmail suppression list")
        return {"address": wanted, "removed": count}


def as_record(entry: Suppression) -> dict[str, object]:
    return {
        "address": entry.address,
        "integration": entry.integration_id,
        "reason": entry.reason.value,
        "note": entry.note,
        "added_by": entry.added_by,
        "added_at": rfc3339(entry.added_at),
        "expires_at": rfc3339(entry.expires_at),
    }


def checked_address(text: str) -> str:
    parsed = parse_address(text)
    if isinstance(parsed, InvalidAddress):
        raise CommandFailed("WM-ADDRESS", f"{text!r} is no address: {parsed.reason}", "Write it as a@b.example.", USAGE)
    return str(parsed).lower()


def check_integration(installation: Installation, name: str) -> None:
    if name != EVERYBODY and name not in installation.register.snapshot().integrations:
        raise not_found("integration", name, "wardmail integration list")


def _cursor(last: Suppression) -> str:
    return base64.urlsafe_b64encode(f"{last.address}\n{last.integration_id}".encode()).decode()


def _place(cursor: str) -> tuple[str, str]:
    try:
        address, _, integration = base64.urlsafe_b64decode(cursor.encode()).decode().partition("\n")
    except (binascii.Error, UnicodeError) as error:
        raise NoSuchPage from error
    if "\0" in address + integration:
        raise NoSuchPage
    return address, integration
