"""By what a person finds messages: their subjects only who may read them, and so nobody learns one by asking for it."""

from __future__ import annotations

from wardmail.model.person import Permission, Person
from wardmail.model.reading import FoundBy


def found_by(person: Person | None) -> FoundBy:
    """None: nobody who is registered."""
    return FoundBy.SUBJECT if person is not None and person.may(Permission.READ_CONTENT) else FoundBy.NAME


def in_words(found: FoundBy) -> str:
    """As the end of "Find a message by …"."""
    names = "address, queue ID, Message-ID, the application’s reference"
    return f"{names} or words of the subject" if found is FoundBy.SUBJECT else names.replace(", the", " or the")


def in_words_of_letters(found: FoundBy) -> str:
    """As `in_words`, of mail that came in: nobody of ours gave it a reference."""
    names = "address, ID or its sender’s Message-ID"
    return f"{names}, or words of the subject" if found is FoundBy.SUBJECT else names


def rule_in_words(found: FoundBy) -> str:
    """What somebody who types words has to know."""
    if found is FoundBy.SUBJECT:
        return "To find it by its subject, type whole words: all of them must be in it."
    return "Your role does not find messages by their subject."
