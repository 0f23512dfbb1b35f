"""What the gateway knows of its own about integrations, for the desk at which people change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from wardmail.app.installation import Installation
from wardmail.app.output import rfc3339, today_of
from wardmail.edges.keys import DkimSigner
from wardmail.manage.going_live import Seen
from wardmail.manage.history_words import OF_RECORDS
from wardmail.manage.integration_desk import DeskTerms, IntegrationDesk
from wardmail.model.integration import Integration
from wardmail.model.person import Person
from wardmail.model.reading import Record
from wardmail.model.registration import Contact
from wardmail.ports import Clock, Signer
from wardmail.store.messages import Messages, Search
from wardmail.store.people import StorePeople
from wardmail.store.register import StoreRegister


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything here blocks. `signer` opens the keystore, and is asked only by who must know whether there is a key."""

    register: StoreRegister
    messages: Messages
    people: StorePeople
    signer: Callable[[], Signer]
    clock: Clock

    def seen(self, integration: Integration) -> Seen:
        snapshot, now, signer = self.register.snapshot(), self.clock.now(), self.signer()
        domains = sorted({sender.rpartition("@")[2] for sender in integration.senders})
        arrived = Search(states=("delivered", "relayed"), integration=integration.id, limit=1)
        return Seen(
            has_credential=any(
                each.revoked_at is None and (each.expires_at is None or each.expires_at > now)
                for each in snapshot.credentials.values()
                if each.integration_id == integration.id
            ),
            has_delivered=bool(self.messages.search(arrived)),
            route=snapshot.routes.get(integration.route),
            unsigned=tuple(domain for domain in domains if not signer.keys_for(domain)),
            today=today_of(now),
        )

    def contacts(self) -> tuple[Contact, ...]:
        return contacts_of(self.people.all().values())

    def history(self, name: str) -> list[Record]:
        """What was done to one record, oldest first."""
        return [
            {"at": rfc3339(each.at), "type": each.kind, "actor": each.actor, "detail": each.detail}
            for each in self.register.history(name)
            if each.kind in OF_RECORDS
        ]


def knowledge_of(installation: Installation) -> Knowledge:
    @cache
    def signer() -> Signer:
        # One of its own: to look whether there is a key is no use of it.
        return DkimSigner(installation.keystore, installation.stores)

    return Knowledge(installation.register, installation.messages, installation.people, signer, installation.clock)


def integration_desk(knowledge: Knowledge, pepper: Callable[[], bytes], override_days: int = 30) -> IntegrationDesk:
    terms = DeskTerms(override_days)
    return IntegrationDesk(knowledge.register, knowledge.clock, pepper, knowledge.seen, knowledge.contacts, terms=terms)


def contacts_of(people: Iterable[Person]) -> tuple[Contact, ...]:
    """People whose own mailboxes are no service accounts."""
    return tuple(Contact(each.name, each.email) for each in people if each.email)
