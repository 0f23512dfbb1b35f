"""What `wardmail doctor` asks about the log-in of people: who could get in, and whether the provider answers (SHARE-12)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from wardmail.app.finding import Finding
from wardmail.app.installation import Installation
from wardmail.app.log_in_wiring import people_desk
from wardmail.app.provider_wiring import identity_provider, pages_address
from wardmail.manage.people_desk import Standing
from wardmail.model.person import Role

_CHECK = "Log-in"


def log_in(installation: Installation) -> Iterator[Finding]:
    settings = installation.settings
    if not settings["listen.https"]:
        return
    yield Finding(_CHECK, "good", f"the pages are at {pages_address(settings)}")
    standings = people_desk(installation).standings()
    half = [each.person.id for each in standings if _has_password(each) and each.has_app is False]
    if half:
        to_do = "Make one: wardmail person second-factor NAME. Without it the password lets nobody in."
        yield Finding(_CHECK, "advice", f"a password but no second factor: {', '.join(half)}", to_do)
    if not any(
        Role.OWNER in each.person.roles and _has_password(each) and each.has_app is not False for each in standings
    ):
        to_do = "Give one owner a password and a second factor, for the day on which the provider does not answer."
        yield Finding(_CHECK, "advice", "no owner can log in by a password of this gateway", to_do)
    yield from _provider(installation)


def _provider(installation: Installation) -> Iterator[Finding]:
    """Raises Unavailable, which says what does not answer."""
    settings, provider = installation.settings, identity_provider(installation)
    if provider is None:
        return
    asyncio.run(provider.look())
    yield Finding(_CHECK, "good", "the identity provider answers")
    if not settings["oidc.roles"]:
        yield Finding(_CHECK, "fault", "no group gives a role, so nobody is let in by it", "Set oidc.roles.")
    if not settings["oidc.amr"] and not settings["oidc.acr"]:
        to_do = "Set oidc.amr or oidc.acr, or have it written down that the provider lets nobody in with one factor."
        yield Finding(_CHECK, "advice", "the provider's tokens need not prove a second factor", to_do)


def _has_password(standing: Standing) -> bool:
    return standing.login is not None and bool(standing.login.password_hash)
