"""What people type to find a message, as what the store looks for."""

from __future__ import annotations

from wardmail.app.acting import acting_person, whoami
from wardmail.app.installation import Installation
from wardmail.app.output import note
from wardmail.manage.message_search import found_by, rule_in_words
from wardmail.manage.people import for_login
from wardmail.model.person import Permission
from wardmail.model.reading import FoundBy
from wardmail.model.refusal import Unavailable
from wardmail.ports import Blinder
from wardmail.protocol.search_terms import alternatives

Clues = tuple[tuple[int, ...], ...]


def clues_of(blinder: Blinder, typed: str, by: FoundBy) -> Clues:
    """For `store.search.Search`; addresses and our own IDs are found by the text itself. Raises Unavailable."""
    if by < FoundBy.NAME or not typed.strip():
        return ()
    terms = alternatives(typed, by_subject=by >= FoundBy.SUBJECT)
    return tuple(tuple(clues) for each in terms for clues in blinder.blinded_ever(each))


def reach_of(installation: Installation, by: str) -> FoundBy:
    """By what whoever runs a command finds messages. Raises CommandFailed for a name that is not proved."""
    person = acting_person(installation, by, Permission.SEE) if by else None
    return found_by(person or for_login(installation.people.all().values(), whoami()))


def clues_at_hand(installation: Installation, typed: str, by: FoundBy) -> Clues:
    """Without the keystore there are none, and it is said: an address or an ID is needed most when something is broken."""
    try:
        return clues_of(installation.blinder, typed, by) if typed.strip() else ()
    except Unavailable as error:
        note(f"Only addresses and IDs are looked for: {error}.")
        return ()


def note_of_nothing(typed: str, by: FoundBy) -> None:
    """To who found nothing, and might have thought that subjects were looked at."""
    if typed.strip() and by is not FoundBy.SUBJECT:
        note(rule_in_words(by))
