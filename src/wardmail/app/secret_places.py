"""Which secrets an installation refers to, from where, and what is known of each (RECV-6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from wardmail.app.installation import Installation
from wardmail.app.output import today_of
from wardmail.app.settings import Settings
from wardmail.app.settings_schema import SECRET_REFERENCES
from wardmail.edges.revealed import Revealed
from wardmail.model.refusal import Unavailable
from wardmail.model.register import RegisterSnapshot
from wardmail.model.route import Route
from wardmail.model.secret_reference import is_reference
from wardmail.model.source import Source

ROUTE_SECRET = "route-secret"  # noqa: S105 (the kind of a keystore entry)


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """`problem` is why it cannot be read; `places` are the routes and settings that refer to it."""

    reference: str
    places: tuple[str, ...]
    since: float | None
    last_used_at: float | None
    expires: date | None
    problem: str = ""


def references(settings: Settings, snapshot: RegisterSnapshot) -> Mapping[str, tuple[str, ...]]:
    """Every reference with the places that have it. What is no reference is left out: it may be a secret itself."""
    found: dict[str, tuple[str, ...]] = {}
    for place, text in places(settings, snapshot):
        if is_reference(text):
            found[text] = (*found.get(text, ()), place)
    return found


def places(settings: Settings, snapshot: RegisterSnapshot) -> Iterator[tuple[str, str]]:
    """Where a reference belongs, and what stands there."""
    for key in SECRET_REFERENCES:
        if settings[key]:
            yield f"setting {key}", settings[key]
    for route in snapshot.routes.values():
        for text in of_route(route):
            yield f"route {route.name}", text
    yield from _places_of_receiving(snapshot)


def _places_of_receiving(snapshot: RegisterSnapshot) -> Iterator[tuple[str, str]]:
    for source in snapshot.sources.values():
        for text in of_source(source):
            yield f"source {source.name}", text
    for handover in snapshot.handovers.values():
        for text in filter(None, (handover.secret_ref, *handover.signing_refs)):
            yield f"handover {handover.integration}", text


def of_route(route: Route) -> list[str]:
    both = [route.secret_ref, route.oauth.secret_ref if route.oauth else ""]
    return [text for text in both if text]


def of_source(source: Source) -> list[str]:
    account = source.mailbox
    if account is None:
        return []
    both = [account.secret_ref, account.oauth.secret_ref if account.oauth else ""]
    return [text for text in both if text]


def known_secrets(installation: Installation) -> Iterator[KnownSecret]:
    """All that is referred to, and what the keystore holds besides for routes. Asks every store."""
    used = dict(references(installation.settings, installation.register.snapshot()))
    for endpoint in installation.webhooks.all():
        used |= dict.fromkeys(endpoint.signing_refs, (f"webhook {endpoint.id}",))
    for entry in installation.keystore.entries(ROUTE_SECRET):
        used.setdefault(f"keystore:{entry.name}", ())
    for reference, where in sorted(used.items()):
        yield look_at(installation, reference, where)


def look_at(installation: Installation, reference: str, where: tuple[str, ...]) -> KnownSecret:
    note = installation.secret_notes.all().get(reference)
    problem, revealed = "", Revealed(b"")
    try:
        revealed = installation.secrets.look_at(reference)
    except Unavailable as error:
        problem = str(error)
    days = [note.expires if note else None, date.fromisoformat(revealed.expires) if revealed.expires else None]
    return KnownSecret(
        reference,
        where,
        revealed.since,
        note.last_used_at if note else None,
        min((day for day in days if day is not None), default=None),
        problem,
    )


def days_left(secret: KnownSecret, now: float) -> int | None:
    return None if secret.expires is None else (secret.expires - today_of(now)).days
