"""A world for walk tests: the real store, keystore and policy; only couriers and the clock are doubles."""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from wardmail.edges.blinding import MonthlyBlinder
from wardmail.edges.keys import DKIM, DkimSigner, add_dkim_key, public_key
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.edges.sealing import ContentSealer
from wardmail.edges.spool import SealedSpool
from wardmail.manage.integrations import make_credential
from wardmail.model.address import Address
from wardmail.model.consignment import AttemptResult, Consignment
from wardmail.model.delivery import AttemptOutcome, AttemptTls, HandedOn, PeerReply
from wardmail.model.integration import Integration, IntegrationState, Limits
from wardmail.model.message import Envelope, MemoryBody, Origin, Recipient, Submission, TlsSession
from wardmail.model.registration import Recorded, Registration
from wardmail.model.route import Accreditation, Route, RouteKind, TlsLevel
from wardmail.outbound.register_view import RegisterView
from wardmail.outbound.world import WalkSettings, World
from wardmail.store.connection import Database
from wardmail.store.queue import StoreQueue
from wardmail.store.register import StoreRegister
from wardmail.store.writer import Writer

START = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
HEAD = (
    b"From: App <app@trust.example>\r\nTo: <a@nhs.net>\r\nSubject: Hello\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
)
ACCREDITED = Accreditation("DCB1596", "list of 3 November 2026", date(2027, 10, 31))
RELAY = Route("relay", RouteKind.SMARTHOST, host="relay.test", accreditation=ACCREDITED)
APP = Integration(
    "app",
    "The application",
    "relay",
    ("app@trust.example", "@team.example"),
    state=IntegrationState.LIVE,
    limits=Limits(None, None, None, None, 10),
    registration=Registration(review_date=date(2027, 11, 1), iams=Recorded("IAMS-1", "test", START)),
)


@dataclass
class SettableClock:
    at: float = START

    def now(self) -> float:
        return self.at


@dataclass
class ScriptedCourier:
    """Gives each consignment the next outcome (the last one for ever), and remembers what it was given."""

    outcomes: list[AttemptOutcome] = field(default_factory=lambda: [HandedOn(PeerReply(250, "2.0.0", "ok"))])
    given: list[Consignment] = field(default_factory=list)

    async def deliver(self, consignment: Consignment, route: Route) -> Sequence[AttemptResult]:
        self.given.append(consignment)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        tls = AttemptTls(consignment.tls, TlsLevel.VERIFIED, "TLSv1.3", "TLS_AES_256_GCM_SHA384", "verified")
        return [AttemptResult(each.id, outcome, tls, "relay.test", 0.01) for each in consignment.recipients]

    async def close(self) -> None:
        return


@dataclass
class Stage:
    """A world with handles on what tests change."""

    world: World
    register: StoreRegister
    database: Database
    clock: SettableClock
    keystore: Keystore
    secret: str
    spool: SealedSpool

    def save(self, record: Integration | Route) -> None:
        if isinstance(record, Route):
            self.register.save_route(record, "test")
        else:
            self.register.save_integration(record, "test")
        self.world.register.refresh()


@contextlib.contextmanager
def staged(directory: Path, database: Database) -> Iterator[Stage]:
    """One relay that is accredited, one integration with a credential, DKIM keys for trust.example."""
    clock = SettableClock()
    database.clock = clock
    keystore = Keystore.create(directory / "keystore.json", MasterKey(new_master_key().rstrip()))
    for algorithm in ("rsa-sha256", "ed25519-sha256"):
        add_dkim_key(keystore, "trust.example", algorithm.partition("-")[0], algorithm)
    pepper = secrets.token_bytes(32)
    register = StoreRegister(database)
    register.save_route(RELAY, "test")
    register.save_integration(APP, "test")
    made = make_credential("app-1", "app", pepper, clock.now(), lifetime_days=30)
    register.save_credential(made.credential, "test")
    (directory / "spool").mkdir(exist_ok=True)
    sealer = ContentSealer(keystore)
    spool = SealedSpool(directory / "spool")
    writer = Writer(database)
    numbers = iter(range(1, 10**6))
    try:
        world = World(
            register=RegisterView(register, clock),
            queue=StoreQueue(database, writer, sealer, spool, "test/0", blinder=MonthlyBlinder(keystore)),
            signer=DkimSigner(keystore),
            clock=clock,
            new_id=lambda: f"TEST{next(numbers):014d}",
            pepper=pepper,
            owner="test/0",
            settings=WalkSettings("gw.test"),
            spool=spool,
        )
        yield Stage(world, register, database, clock, keystore, made.secret, spool)
    finally:
        writer.close()


def published_keys(stage: Stage) -> dict[bytes, bytes]:
    """The DNS records of trust.example's keys, as dkimpy asks for them."""
    records = {}
    for entry in stage.keystore.entries(DKIM):
        kind = "ed25519" if entry.meta["algorithm"].startswith("ed") else "rsa"
        value = base64.b64encode(public_key(stage.keystore, entry.name)).decode()
        name = f"{entry.meta['selector']}._domainkey.trust.example."
        records[name.encode()] = f"v=DKIM1; k={kind}; p={value}".encode()
    return records


def submission(
    stage: Stage,
    *to: str,
    head: bytes = HEAD,
    body: bytes = b"Good morning.\r\n",
    sender: str | None = "app@trust.example",
) -> Submission:
    people = tuple(Recipient(_address(each)) for each in to or ("a@nhs.net",))
    return Submission(
        id=stage.world.new_id(),
        origin=Origin("app", "app-1", "192.0.2.7", "app.test", "smtp", TlsSession("TLSv1.3", "TLS_AES_256_GCM_SHA384")),
        envelope=Envelope(_address(sender) if sender else None, people),
        head=head,
        body=MemoryBody((body,)),
        received_at=stage.clock.now(),
    )


def with_field(line: bytes) -> bytes:
    return HEAD + line + b"\r\n"


def with_envelope(message: Submission, **changes: object) -> Submission:
    return replace(message, envelope=replace(message.envelope, **changes))  # type: ignore[arg-type]


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(local, domain)
