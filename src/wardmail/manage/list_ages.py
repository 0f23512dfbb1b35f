"""How old each list of organisations is, in words: an old list answers "unknown" where it should say "secure"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wardmail.model.accredited import ListVersion

_DAY = 86_400.0


def list_ages(versions: Sequence[ListVersion], now: float) -> Iterator[tuple[str, str]]:
    """The newest version of each, as pairs of its name and what there is to say. `versions` with the newest first."""
    if not versions:
        yield "Accredited organisations", "No list was imported yet: wardmail lists import"
    told: set[str] = set()
    for each in versions:
        if each.name not in told:
            told.add(each.name)
            days = int((now - each.imported_at) // _DAY)
            age = "imported today" if days < 1 else f"imported {days} day{'' if days == 1 else 's'} ago"
            yield each.name.capitalize(), f"{each.entries} entries, version {each.version}, {age} by {each.imported_by}"
