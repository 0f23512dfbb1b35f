"""An inbound world over a real store, with provers, scanners and couriers that say what a test wants."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.messages import NoSpool, PlainBlinder, ReversingSealer
from wardmail.inbound.working import Workers
from wardmail.inbound.world import InboundSettings, InboundWorld
from wardmail.model.arrival import Arrival, ArrivalState
from wardmail.model.handover import Handover, HandoverKind, NotTaken, Parcel, Taken
from wardmail.model.inspection import Inspection, ScanOutcome, ScanReport
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.mailbox import MailboxAccount, MailboxKind
from wardmail.model.refusal import Unavailable
from wardmail.model.register import RegisterSnapshot
from wardmail.model.returned import Returned, SentCopy
from wardmail.model.sender import (
    Acceptable,
    ArcEvidence,
    AuthResult,
    DmarcEvidence,
    DmarcPolicy,
    SenderEvidence,
    Sending,
    SpfEvidence,
)
from wardmail.model.source import SmtpTerms, Source, SourceKind
from wardmail.model.verdict import Action, Verdict, Wishes
from wardmail.store.arrivals import StoreArrivals
from wardmail.store.connection import Database
from wardmail.store.contents import Contents
from wardmail.store.seen_items import StoreSeenItems
from wardmail.store.writer import Writer

_NUMBERS = itertools.count(1)
MESSAGE = b"From: a@nhs.net\r\nSubject: plain\r\n\r\nHello\r\n"
LETTERS = Source("letters", "app", SourceKind.SMTP, SmtpTerms(("letters@trust.example",)))
MAILBOX = Source(
    "results",
    "app",
    SourceKind.IMAP,
    mailbox=MailboxAccount(MailboxKind.IMAP, "localhost", 993, "svc-results@trust.example", "keystore:pw"),
)


def evidence(spf: AuthResult = AuthResult.PASS) -> SenderEvidence:
    return SenderEvidence(
        SpfEvidence(spf, "nhs.net", "mailfrom", "it is allowed"),
        (),
        ArcEvidence(AuthResult.NONE, (), "there is none"),
        DmarcEvidence(AuthResult.PASS, "nhs.net", "nhs.net", DmarcPolicy.REJECT, DmarcPolicy.NONE, "aligned"),
        AuthResult.PASS,
        "mail.nhs.net",
        ("a@nhs.net",),
        Acceptable.YES,
        ("nhs.net is secure",),
    )


@dataclass
class Judges:
    """What every question about a message is answered with; an exception is raised."""

    sender: SenderEvidence | Exception = field(default_factory=evidence)
    inspection: Inspection | Exception = field(default_factory=lambda: Inspection((), (), ()))
    scan: ScanReport | Exception = field(default_factory=lambda: ScanReport("clamd", ScanOutcome.CLEAN))
    action: Action = Action.ACCEPT
    handover: Taken | NotTaken | Exception = field(default_factory=lambda: Taken("250 ok"))
    taken: list[Parcel] = field(default_factory=list)
    known: list[bool | None] = field(default_factory=list)
    name: str = "clamd"
    strip: tuple[str, ...] = ()
    waits_for: asyncio.Event | None = None

    async def prove(self, message: bytes, sending: Sending, source: Source | None) -> SenderEvidence:
        return _or_raise(self.sender)

    async def inspect(self, message: bytes, wishes: Wishes, known_sender: bool | None) -> Inspection:
        self.known.append(known_sender)
        if self.waits_for is not None:
            await self.waits_for.wait()
        return _or_raise(self.inspection)

    async def scan_it(self, message: bytes) -> ScanReport:
        return _or_raise(self.scan)

    def decide(
        self, sender: SenderEvidence, inspection: Inspection, scans: Sequence[ScanReport], wishes: Wishes
    ) -> Verdict:
        return Verdict(self.action, ("because a test says so",), self.strip)

    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        self.taken.append(parcel)
        return _or_raise(self.handover)

    async def close(self) -> None:
        return None


@dataclass
class OneScanner:
    judges: Judges
    name: str = "clamd"

    async def scan(self, message: bytes, sending: Sending, recipients: Sequence[str]) -> ScanReport:
        return await self.judges.scan_it(message)

    async def close(self) -> None:
        return None


@dataclass
class SettableRegister:
    current: RegisterSnapshot

    @property
    def snapshot(self) -> RegisterSnapshot:
        return self.current

    def state_of(self, integration: Integration) -> IntegrationState:
        return integration.state

    def has(self, *sources: Source, handover: Handover | None = None) -> None:
        handovers = {handover.integration: handover} if handover else self.current.handovers
        known = {**self.current.sources, **{each.name: each for each in sources}}
        self.current = replace(self.current, sources=known, handovers=handovers)

    def is_in_state(self, state: IntegrationState) -> None:
        changed = replace(self.current.integrations["app"], state=state)
        self.current = replace(self.current, integrations={"app": changed})


class SettableClock:
    at = 1_800_000_000.0

    def now(self) -> float:
        return self.at


class NoReturns:
    def sent_copies(self, ids: object, envid: str, addresses: object) -> Sequence[SentCopy]:
        return ()

    def take(self, returned: Sequence[Returned], actor: str) -> Sequence[bool]:
        return [False] * len(returned)


@dataclass
class Office:
    world: InboundWorld
    workers: Workers
    judges: Judges
    register: SettableRegister
    clock: SettableClock
    arrivals: StoreArrivals
    seen: StoreSeenItems
    database: Database

    async def arrival(self, arrival_id: str) -> Arrival:
        found = await self.arrivals.load(arrival_id)
        assert found is not None
        return found

    async def state(self, arrival_id: str) -> ArrivalState:
        return (await self.arrival(arrival_id)).state

    async def settle(self) -> None:
        """Until nothing is in hand any more."""
        while self.workers.in_hand:
            await self.workers.drain(10)


@contextmanager
def office(database: Database, owner: str = "worker-0", clock: SettableClock | None = None) -> Iterator[Office]:
    clock = clock or SettableClock()
    database.clock = clock
    writer = Writer(database)
    arrivals = StoreArrivals(
        database, writer, Contents(database, ReversingSealer(), NoSpool()), owner, blinder=PlainBlinder()
    )
    judges = Judges()
    integration = Integration("app", "App", "relay", ("@trust.example",), state=IntegrationState.LIVE)
    register = SettableRegister(RegisterSnapshot(1, {"app": integration}, {}, {}, {}, None, 0.0))
    register.has(LETTERS, MAILBOX, handover=Handover("app", HandoverKind.MAILDIR, directory="/nowhere"))
    world = InboundWorld(
        register=register,
        arrivals=arrivals,
        clock=clock,
        new_id=lambda: f"{next(_NUMBERS):018}",
        owner=owner,
        settings=InboundSettings("gateway.example", data_budget=0.2),
        prover=judges,
        inspector=judges,
        scanners=(OneScanner(judges),),
        decide=judges.decide,
        courier=judges,
        returns=NoReturns(),
        jitter=lambda: 0.5,
    )
    try:
        yield Office(
            world,
            Workers(world),
            judges,
            register,
            clock,
            arrivals,
            StoreSeenItems(database, writer, arrivals),
            database,
        )
    finally:
        writer.close()


def _or_raise(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def silent(part: str = "the DNS") -> Unavailable:
    return Unavailable(part, "a test")
