"""Finds what an address check can draw on: an installation's lists where there is one, else the built-in tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from wardmail.app.failures import CommandFailed
from wardmail.app.output import today_of
from wardmail.app.settings import Settings, load
from wardmail.edges.clock import SystemClock
from wardmail.manage.address_check import AddressCheck, checker
from wardmail.model.standing import Profile, Standing, StandingAnswer
from wardmail.policy.standing import LocalRow, StandingTable


def address_checker(config_path: str | None, profile: str | None) -> Callable[[str], AddressCheck]:
    settings = load(Path(config_path) if config_path else None)
    table = _table(settings, Profile(profile or Profile.HEALTH_AND_CARE.value))
    return checker(table, SystemClock(settings.clock_ahead).now)


def standing_of(config_path: str | None, profile: str | None) -> Callable[[str, float], StandingAnswer]:
    """The same for a domain in A-labels, on the day of a moment (seconds since the epoch)."""
    settings = load(Path(config_path) if config_path else None)
    table = _table(settings, Profile(profile or Profile.HEALTH_AND_CARE.value))
    return lambda domain, at: table.standing_of(domain, today_of(at))


def local_rows(lines: Sequence[str]) -> tuple[LocalRow, ...]:
    """`policy.local` of the settings: 'domain standing reason'. Raises CommandFailed for a line that is not that."""
    rows = []
    for line in lines:
        domain, _, rest = line.partition(" ")
        standing, _, reason = rest.strip().partition(" ")
        allowed = {Standing.SECURE, Standing.UNKNOWN, Standing.NOT_SECURE}
        if standing not in allowed or not reason.strip():
            raise CommandFailed(
                "WM-CONFIG-LOCAL",
                f"policy.local has the line {line!r}, which is not 'domain standing reason'.",
                "The standing is secure, unknown or not-secure, and a reason is needed.",
            )
        rows.append(LocalRow(domain.lower().removeprefix("@"), Standing(standing), reason.strip()))
    return tuple(rows)


def _table(settings: Settings, profile: Profile) -> StandingTable:
    local = local_rows(settings["policy.local"])
    sqlite = Path(settings.database_url.removeprefix("sqlite:///"))
    if settings.database_url.startswith("sqlite") and not sqlite.exists():
        return StandingTable(profile, local=local)
    from wardmail.store.connection import Database
    from wardmail.store.register import StoreRegister

    database = Database(settings.database_url, SystemClock(settings.clock_ahead))
    snapshot = StoreRegister(database).snapshot()
    database.close()
    return StandingTable(profile, local=local, accredited=snapshot.accredited, list_version=snapshot.list_version)
