"""By what a person finds messages: their subjects only who may read them, and so nobody learns one by asking for it."""

from __future__ import annotations

from wardmail.model.person import Permission, Person
from wardmail.model.reading import FoundBy


def found_by(person: Person | None) -> FoundBy:
    """None: nobody who is registered."""
    return FoundBy.SUBJECT if person is not None and person.may(Permission.READ_CONTENT) else FoundBy.NAME


def in_words(found: FoundBy) -> str:
    """As the end of "Find a message by …"."""
    names = "address, queue ID, Message-ID or an application’s reference"
    return f"{names}, or by words of its subject" if found is FoundBy.SUBJECT else names
