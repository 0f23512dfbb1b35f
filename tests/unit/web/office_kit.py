"""The API for people over a real installation, called in memory; people call with their keys as they do."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
from fastapi import FastAPI

from tests.unit.web.api_kit import NoDispatch
from tests.worlds import APP, HEAD, RELAY
from wardmail.app.api_wiring import api_of, api_services
from wardmail.app.inbound_wiring import make_receiving
from wardmail.app.installation import Installation
from wardmail.app.set_up import set_up
from wardmail.app.settings import load
from wardmail.app.wiring import open_world
from wardmail.edges.keys import add_dkim_key
from wardmail.edges.smtp_limits import PeerLedger
from wardmail.edges.smtp_settings import PeerLimits
from wardmail.inbound.world import InboundWorld
from wardmail.manage.integrations import make_credential
from wardmail.manage.people import with_new_key
from wardmail.model.address import Address
from wardmail.model.message import Envelope, MemoryBody, Origin, Recipient, Submission
from wardmail.model.person import Person, Role
from wardmail.model.receipt import Accepted
from wardmail.outbound.holding import HoldKeeper
from wardmail.outbound.submission import Desk
from wardmail.outbound.walk import accept
from wardmail.outbound.world import World
from wardmail.store.holds import StoreHolds
from wardmail.store.queue import StoreQueue

SENSITIVE = HEAD + b"Wardmail-Classification: official-sensitive\r\n"
URGENT = SENSITIVE + b"Wardmail-Urgency: time-critical\r\n"


@dataclass
class PeoplesApi:
    """`key` gives the header of somebody who was registered."""

    installation: Installation
    world: World
    http: httpx2.AsyncClient
    app: FastAPI
    secret: str
    receiving: InboundWorld
    keys: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def app_key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer wmk_app-1.{self.secret}"}

    def register(self, name: str, *roles: Role) -> dict[str, str]:
        person, key = with_new_key(Person(name, name.title(), roles=roles), self.installation.pepper)
        self.installation.people.save(person, "test")
        self.keys[name] = {"Authorization": f"Bearer wmp_{name}.{key}"}
        return self.keys[name]

    async def send(self, *to: str, head: bytes = HEAD) -> str:
        people = tuple(Recipient(Address(*each.split("@"))) for each in to)
        sent = Submission(
            id=self.world.new_id(),
            origin=Origin("app", "app-1", "192.0.2.7", "app.test", "smtp"),
            envelope=Envelope(Address("app", "trust.example"), people),
            head=head,
            body=MemoryBody((b"Good morning.\r\n",)),
            received_at=self.world.clock.now(),
        )
        receipt = await accept(self.world, sent)
        assert isinstance(receipt, Accepted), receipt
        queue = self.world.queue
        assert isinstance(queue, StoreQueue)
        holds = StoreHolds(self.installation.database, queue.writer, queue)
        await HoldKeeper(self.world, holds, self.installation.people.all).sweep()
        return receipt.message_id

    def events(self, kind: str) -> list[tuple[str, dict[str, object]]]:
        """Who did it, and the detail, of every event of this kind."""
        found = self.installation.messages.audit(0, 10_000)
        return [(each.actor, each.detail) for each in found if each.kind == kind]


@contextlib.asynccontextmanager
async def opened(directory: Path, limits: PeerLimits | None = None) -> AsyncIterator[PeoplesApi]:
    """`limits`: of failed log-ins; None: as they are set."""
    flags = {"gateway.data": str(directory / "data"), "gateway.hostname": "gw.test"}
    settings = load(None, flags=flags, environ={})
    set_up(settings, "root")
    installation = Installation(settings)
    installation.register.save_route(RELAY, "test")
    installation.register.save_integration(APP, "test")
    for algorithm in ("rsa-sha256", "ed25519-sha256"):
        add_dkim_key(installation.keystore, "trust.example", algorithm.partition("-")[0], algorithm)
    made = make_credential("app-1", "app", installation.pepper, installation.clock.now(), lifetime_days=30)
    installation.register.save_credential(made.credential, "test")
    with open_world(installation) as world:
        assert isinstance(world.queue, StoreQueue)
        receiving = make_receiving(installation, world.register, world.queue, "test").world
        services = api_services(installation, world, Desk(world, NoDispatch()), receiving)
        if limits is not None:
            services = replace(services, ledger=PeerLedger(limits))
        api = api_of(services)
        transport = httpx2.ASGITransport(app=api, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="https://gw.test") as http:
            yield PeoplesApi(installation, world, http, api, made.secret, receiving)
    installation.database.close()
