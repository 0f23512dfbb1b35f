"""Where people can go: the menu, made from the routes themselves, so that it leads to what there is and to nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wardmail.model.person import Permission, Person

MORE = "/more"
_MAIN = {
    "/": "Overview",
    "/messages": "Messages",
    "/held": "Held",
    "/check": "Check an address",
    "/integrations": "Integrations",
    "/domains": "Domains",
    "/sharing": "Sharing agreements",
    "/policy": "Policy",
    "/evidence": "Evidence",
}
_REST = {
    "/queue": ("Queue", "What waits to be sent, and for how long"),
    "/received": ("Received", "Mail that came in, and what became of it"),
    "/quarantine": ("Quarantine", "Mail that came in and may do harm"),
    "/sources": ("Sources", "The ways in which mail comes in"),
    "/webhooks": ("Webhooks", "Which applications are told what happens, and what they answered"),
    "/people": ("People", "Who works with the gateway, in which roles"),
    "/account": ("Your account", "Your log-ins, password and second factor"),
    "/settings": ("Settings", "As they are in force, and where each comes from"),
    "/sandbox": ("Sandbox", "Make receivers misbehave, and see what the gateway does"),
    "/help": ("Help", "How to do what these pages are for"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """`needs`: any of these permissions opens it; empty: it is open to everybody."""

    address: str
    words: str
    needs: tuple[Permission, ...]
    about: str = ""

    def is_open_to(self, person: Person) -> bool:
        return not self.needs or any(person.may(each) for each in self.needs)


@dataclass(frozen=True, slots=True)
class Places:
    main: tuple[Place, ...] = ()
    rest: tuple[Place, ...] = ()

    def menu(self, person: Person) -> Sequence[Place]:
        """What stands in the head of every page, for this person."""
        found = [each for each in self.main if each.is_open_to(person)]
        return [*found, Place(MORE, "More", ())] if self.others(person) else found

    def others(self, person: Person) -> Sequence[Place]:
        return [each for each in self.rest if each.is_open_to(person)]

    def is_current(self, address: str, here: str) -> bool:
        return here == address or (address == MORE and any(each.address == here for each in self.rest))


def places_of(needs: Mapping[str, tuple[Permission, ...]]) -> Places:
    """Of the addresses that people know, those that a page answers at; `needs` says of each page what opens it."""
    main = [Place(path, words, needs[path]) for path, words in _MAIN.items() if path in needs]
    rest = [Place(path, words, needs[path], about) for path, (words, about) in _REST.items() if path in needs]
    return Places(tuple(main), tuple(rest))
