"""Opens what a command needs of an installation: settings always, the database and the keystore when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.heartbeats import Heartbeats
from wardmail.app.set_up import PEPPER, store_settings
from wardmail.app.settings import Settings, load
from wardmail.app.tally import Counts, Tally
from wardmail.edges.blinding import MonthlyBlinder
from wardmail.edges.clock import SystemClock
from wardmail.edges.keys import DkimSigner, Keystore, KeystoreSecrets
from wardmail.edges.master_key import MasterKey, master_key
from wardmail.edges.outside_stores import OutsideStores
from wardmail.edges.secret_uses import SecretUses
from wardmail.manage.integrations import BadInput
from wardmail.store.agreements import StoreAgreements
from wardmail.store.breakers import Breakers
from wardmail.store.connection import Database
from wardmail.store.hold_tasks import HoldTasks
from wardmail.store.inbox import Inbox
from wardmail.store.legal_holds import StoreLegalHolds
from wardmail.store.limits import StoreLimits
from wardmail.store.logins import StoreLogins
from wardmail.store.messages import Messages
from wardmail.store.people import StorePeople
from wardmail.store.policies import StorePolicies
from wardmail.store.provider_logins import StoreProviderLogins
from wardmail.store.register import StoreRegister
from wardmail.store.secret_notes import StoreSecretNotes
from wardmail.store.setup import require_current
from wardmail.store.shelves import ShelfList
from wardmail.store.sources import StoreSources
from wardmail.store.suppressions import StoreSuppressions
from wardmail.store.webhooks import StoreWebhooks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Workers:
    """What the workers of a gateway have in common, and which of them this process is."""

    tally: Tally
    beats: Heartbeats
    slot: int = 0


class Installation:
    """Each part is opened once, when it is first used."""

    def __init__(self, settings: Settings, master: MasterKey | None = None, workers: Workers | None = None) -> None:
        """`master`: it was fetched before, by the process that we come from; `workers`: what it shares with us."""
        self.settings = settings
        self.workers = workers or Workers(Tally(1), Heartbeats(1))
        if master is not None:
            self.master = master

    @staticmethod
    def at(config_path: str | None) -> Installation:
        return Installation(load(Path(config_path) if config_path else None))

    @cached_property
    def clock(self) -> SystemClock:
        return SystemClock(self.settings.clock_ahead)

    @cached_property
    def counts(self) -> Counts:
        return self.workers.tally.of(self.workers.slot)

    @cached_property
    def database(self) -> Database:
        url = self.settings.database_url
        if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
            to_do = (
                "Run `wardmail init` first; or name the settings of the gateway by --config, or in $WARDMAIL_CONFIG."
            )
            raise CommandFailed("WM-NOT-SET-UP", f"There is no database at {url}.", to_do)
        database = Database(url, self.clock)
        require_current(database)
        return database

    @cached_property
    def register(self) -> StoreRegister:
        return StoreRegister(self.database)

    @cached_property
    def limits(self) -> StoreLimits:
        return StoreLimits(self.database)

    @cached_property
    def suppressions(self) -> StoreSuppressions:
        return StoreSuppressions(self.database)

    @cached_property
    def breakers(self) -> Breakers:
        return Breakers(self.database)

    @cached_property
    def people(self) -> StorePeople:
        return StorePeople(self.database)

    @cached_property
    def logins(self) -> StoreLogins:
        return StoreLogins(self.database)

    @cached_property
    def provider_logins(self) -> StoreProviderLogins:
        return StoreProviderLogins(self.database)

    @cached_property
    def agreements(self) -> StoreAgreements:
        return StoreAgreements(self.database)

    @cached_property
    def holds(self) -> HoldTasks:
        return HoldTasks(self.database)

    @cached_property
    def sources(self) -> StoreSources:
        return StoreSources(self.database)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self.database)

    @cached_property
    def policies(self) -> StorePolicies:
        return StorePolicies(self.database)

    @cached_property
    def webhooks(self) -> StoreWebhooks:
        return StoreWebhooks(self.database)

    @cached_property
    def messages(self) -> Messages:
        return Messages(self.database)

    @cached_property
    def master(self) -> MasterKey:
        return self._fetch_master()

    @cached_property
    def keystore(self) -> Keystore:
        # Nobody is asked for a passphrase in the middle of the work: all mail would wait for the answer.
        again = None if self.settings.master_reference == "prompt:" else self._fetch_master
        return Keystore.open(self.settings.keystore_path, self.master, follow_every=1.0, fetch_master=again)

    @cached_property
    def blinder(self) -> MonthlyBlinder:
        return MonthlyBlinder(self.keystore)

    @cached_property
    def stores(self) -> OutsideStores:
        """What they are opened with may be in the keystore."""
        return OutsideStores(store_settings(self.settings), KeystoreSecrets(self.keystore).reveal)

    @cached_property
    def uses(self) -> SecretUses:
        return SecretUses(self.clock)

    @cached_property
    def secrets(self) -> KeystoreSecrets:
        keep = self.settings["secrets.keep_seconds"]
        return KeystoreSecrets(self.keystore, self.stores, keep=keep, note_use=self.uses.note)

    @cached_property
    def signer(self) -> DkimSigner:
        return DkimSigner(self.keystore, self.stores, self.uses.note)

    @cached_property
    def secret_notes(self) -> StoreSecretNotes:
        return StoreSecretNotes(self.database)

    @cached_property
    def shelves(self) -> ShelfList:
        return ShelfList(self.database)

    @cached_property
    def legal_holds(self) -> StoreLegalHolds:
        return StoreLegalHolds(self.database)

    def _fetch_master(self) -> MasterKey:
        return master_key(self.settings.master_reference, OutsideStores(store_settings(self.settings)))

    @cached_property
    def pepper(self) -> bytes:
        """The key of the keyed hash that credentials are kept by."""
        return self.keystore.reveal(PEPPER)

    def check(self) -> None:
        """Open everything once, so that a broken set-up is told before any process starts; and close it again."""
        assert self.pepper
        self.register.version()
        self.database.close()


def usable(value: T | BadInput, code: str) -> T:
    """The value, or the end of the command with the reason why it cannot be used."""
    if isinstance(value, BadInput):
        raise CommandFailed(value.code or code, value.reason, "Mend it and run the command again.", USAGE)
    return value
