"""The pages over a real store, asked in this process; people log in as they do."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path

import httpx2
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.routing import Route

from tests.databases import fresh_sqlite
from tests.inbound_desk import Office, office
from tests.reports import ReadingHere
from tests.worlds import HEAD, Stage, staged, submission
from wardmail.app.arrival_stories import StoredArrivalStories
from wardmail.app.documentation import library
from wardmail.app.domain_wiring import KeystoreDomainKeys
from wardmail.app.installation import Installation
from wardmail.app.kept_back import StoredKeptBack
from wardmail.app.office.audit import AuditOffice
from wardmail.app.register_knowledge import Knowledge, integration_desk
from wardmail.app.sandbox_stage import SandboxStage
from wardmail.app.set_up import prepare_secrets
from wardmail.app.settings import load, setting_records
from wardmail.app.source_output import StoredSourceRecords
from wardmail.app.stored_records import (
    StoredArrivalRecords,
    StoredHeldRecords,
    StoredMessageRecords,
    StoredWebhookRecords,
)
from wardmail.app.webhook_output import StoredWebhookBook
from wardmail.assurance.domain_desk import DomainDesk, records_for
from wardmail.assurance.report_desk import ReportDesk
from wardmail.content.inspection import inspect
from wardmail.edges.blinding import MonthlyBlinder
from wardmail.edges.identity_provider import OidcProvider, ProviderPlace
from wardmail.edges.outside_stores import OutsideStores, StoreSettings
from wardmail.edges.passwords import Argon2Passwords
from wardmail.edges.smtp_limits import PeerLedger
from wardmail.edges.smtp_settings import PeerLimits
from wardmail.inbound.quarantine import Quarantine
from wardmail.manage.account import AccountDesk, AccountStores
from wardmail.manage.address_check import checker
from wardmail.manage.agreement_desk import AgreementDesk
from wardmail.manage.domain_book import DomainBookDesk
from wardmail.manage.key_log_in import KeyDesk
from wardmail.manage.list_ages import list_ages
from wardmail.manage.log_in import LoginDesk, SecondFactor, new_recovery_codes, recovery_hash
from wardmail.manage.people_desk import LogInStores, PeopleDesk
from wardmail.manage.policy_desk import PolicyDesk
from wardmail.manage.provider_log_in import ProviderDesk
from wardmail.manage.signing_keys import SigningKeyDesk
from wardmail.model.inspection import Inspection
from wardmail.model.person import Person, Role
from wardmail.model.provider_login import ProviderTerms
from wardmail.model.question import Answer, Found, NotFound, Question, Unknown
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Unavailable
from wardmail.model.standing import Profile
from wardmail.outbound.holding import HoldKeeper
from wardmail.outbound.opened_content import ContentDesk
from wardmail.outbound.resending import ResendDesk
from wardmail.outbound.walk import accept
from wardmail.policy.standing import StandingTable
from wardmail.protect.one_time_code import STEP, code_at
from wardmail.protect.security_key import KeyPlace
from wardmail.store.agreements import StoreAgreements
from wardmail.store.connection import Database
from wardmail.store.domain_reports import StoreDomainReports
from wardmail.store.figures import StoreFigures
from wardmail.store.given_replies import StoreGivenReplies
from wardmail.store.hold_tasks import HoldTasks
from wardmail.store.holds import StoreHolds
from wardmail.store.inbox import Inbox
from wardmail.store.known_domains import StoreKnownDomains
from wardmail.store.logins import StoreLogins
from wardmail.store.look_limit import StoreLookLimit
from wardmail.store.messages import Messages
from wardmail.store.outside_reports import StoreOutsideReports
from wardmail.store.people import StorePeople
from wardmail.store.policies import StorePolicies
from wardmail.store.provider_logins import StoreProviderLogins
from wardmail.store.queue import StoreQueue
from wardmail.store.register import StoreRegister
from wardmail.store.secret_notes import StoreSecretNotes
from wardmail.store.security_keys import StoreSecurityKeys
from wardmail.store.selectors import StoreSelectors
from wardmail.store.sources import StoreSources
from wardmail.store.webhooks import StoreWebhooks
from wardmail.web.pages.building import build_site
from wardmail.web.pages.check import CheckPage
from wardmail.web.pages.console import console_routes
from wardmail.web.pages.documentation import Documentation, documentation_routes
from wardmail.web.pages.govern.routes import govern_routes
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import COOKIE
from wardmail.web.pages.once import OnceForms
from wardmail.web.pages.operate.routes import operate_routes
from wardmail.web.pages.operate.services import OperateServices
from wardmail.web.pages.rendering import Pages, Site
from wardmail.web.pages.services import ConsoleServices, IdentityServices

BASE = "https://gw.test"
PASSWORD = "three random words"
SECRET = b"12345678901234567890"
SHARED = "postgresql://gateway:hunter2@db.example/mail"
OWN = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
SENSITIVE = b"From: app@trust.example\r\nWardmail-Classification: official-sensitive\r\nSubject: Secret words\r\n"
URGENT = SENSITIVE + b"Wardmail-Urgency: time-critical\r\n"


@dataclass
class Console:
    """A site and what stands behind it; `recovery` are the codes of everybody; `hidden` names the DNS does not show."""

    site: Starlette
    stage: Stage
    services: ConsoleServices
    people: StorePeople
    logins: StoreLogins
    keeper: HoldKeeper
    office: Office
    check: CheckPage
    others: list[Route]
    hidden: set[str]
    factors: Factors
    recovery: tuple[str, ...] = field(default_factory=new_recovery_codes)

    def register(self, name: str, *roles: Role, full_name: str = "") -> None:
        self.people.save(Person(name, full_name or name.title(), roles=roles), "test")
        passwords = Argon2Passwords(self.stage.world.pepper, PasswordHasher(1, 8, 1))
        self.logins.set_password(name, passwords.hash_of(PASSWORD), "test", "test")
        hashes = [recovery_hash(self.stage.world.pepper, each) for each in self.recovery]
        self.logins.set_second_factor(name, hashes, "test", "test")

    def wait(self, seconds: float) -> None:
        self.stage.clock.at += seconds
        self.stage.world.register.refresh()

    def code(self) -> str:
        """Of a new time step each time, because each serves once."""
        self.wait(STEP)
        return code_at(SECRET, int(self.stage.clock.at) // STEP)

    @contextlib.asynccontextmanager
    async def visitor(self, name: str = "", *, peer: str = "192.0.2.9") -> AsyncIterator[httpx2.AsyncClient]:
        """A browser; logged in when a name is given."""
        transport = httpx2.ASGITransport(app=self.site, client=(peer, 1))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE, headers=OWN) as http:
            if name:
                answer = await self.log_in(http, name)
                assert answer.status_code == 303, answer.text
            yield http

    async def log_in(self, http: httpx2.AsyncClient, name: str, **changed: str) -> httpx2.Response:
        fields = {"name": name, "password": PASSWORD, "code": "", "next": "/messages", **changed}
        return await http.post("/log-in", data={**fields, "code": fields["code"] or self.code()})

    def mark(self, http: httpx2.AsyncClient) -> str:
        """What a form that serves once has in it, on a page that was just opened."""
        visitor = self.services.desk.recognise(http.cookies[COOKIE])
        assert visitor is not None
        return self.services.once.mark(visitor)

    def events(self, kind: str) -> list[tuple[str, dict[str, object]]]:
        """Who did it, and the detail, of every event of this kind."""
        found = Messages(self.stage.database).audit(0, 10_000)
        return [(each.actor, each.detail) for each in found if each.kind == kind]

    async def send(self, *to: str, head: bytes = HEAD, body: bytes = b"Good morning.\r\n") -> str:
        receipt = await accept(self.stage.world, submission(self.stage, *to, head=head, body=body))
        assert isinstance(receipt, Accepted), receipt
        await self.keeper.sweep()
        return receipt.message_id


@contextlib.contextmanager
def open_console(directory: Path) -> Iterator[Console]:
    with fresh_sqlite(directory) as database, office(database) as inbound, staged(directory, database) as stage:
        people, logins, tasks = StorePeople(database), StoreLogins(database), HoldTasks(database)
        factors = Factors()
        messages, audit = Messages(database), AuditOffice(installed(directory / "office", database))
        second = SecondFactor(lambda person: None if person == "newcomer" else SECRET, stage.world.pepper)
        passwords = Argon2Passwords(stage.world.pepper, PasswordHasher(1, 8, 1))
        desk = LoginDesk(logins, people, passwords, second, stage.clock)
        services = ConsoleServices(
            pages=Pages(Site("Demo trust")),
            desk=desk,
            ledger=PeerLedger(PeerLimits(failed_logins_per_user=8)),
            clock=stage.clock,
            messages=StoredMessageRecords(messages, MonthlyBlinder(stage.keystore)),
            held=StoredHeldRecords(messages, tasks),
            holds=tasks,
            integrations=lambda: {each.id: each.name for each in stage.world.register.snapshot.integrations.values()},
            world=stage.world,
            identity=identity_of(stage, database, people, logins, passwords, desk, factors),
            figures=StoreFigures(database),
            content=ContentDesk(stage.world, looked_into),
            resend=ResendDesk(stage.world, lambda made: accept(stage.world, made)),
            replies=StoreGivenReplies(database),
            once=OnceForms(StoreProviderLogins(database), stage.clock),
            evidence=audit.pack_of_message,
        )
        check = CheckPage(
            services.pages,
            checker(StandingTable(Profile.HEALTH_AND_CARE), stage.clock.now),
            (ip_network("127.0.0.0/8"),),
            services.desk,
        )
        assert isinstance(stage.world.queue, StoreQueue)
        holds = StoreHolds(database, stage.world.queue.writer, stage.world.queue)
        keeper = HoldKeeper(stage.world, holds, people.all)
        operate = OperateServices(
            console=services,
            arrivals=StoredArrivalRecords(Inbox(database), MonthlyBlinder(stage.keystore)),
            stories=StoredArrivalStories(messages, inbound.world),
            kept_back=StoredKeptBack(Inbox(database), messages, inbound.world),
            quarantine=Quarantine(inbound.world),
            sources=StoredSourceRecords(StoreRegister(database), StoreSources(database), Inbox(database)),
            waiting=messages,
            webhooks=StoredWebhookBook(StoreWebhooks(database)),
            audit=audit,
            lists=lambda: list(list_ages(StoreRegister(database).list_versions(), stage.clock.now())),
            settings=lambda: list(setting_records(load(flags={"gateway.database": SHARED}, environ={}))),
            theatre=SandboxStage(directory, database, stage.clock),
        )
        documents = documentation_routes(Documentation(services.pages, library))
        hidden: set[str] = set()
        govern = governing(stage, people, services, hidden)
        others = [*govern_routes(govern), *operate_routes(operate), *documents]
        site = build_site(check, Starlette(), [*console_routes(services), *others])
        yield Console(site, stage, services, people, logins, keeper, inbound, check, others, hidden, factors)


async def looked_into(message: bytes) -> Inspection:
    """As the processes do that look into messages, in this one."""
    return inspect(message)


def installed(directory: Path, database: Database) -> Installation:
    """An installation over the same database: what reads the whole of one is tried on the real thing."""
    flags = {"gateway.data": str(directory), "gateway.database": database.url, "gateway.hostname": "gw.test"}
    settings = load(None, flags=flags, environ={})
    prepare_secrets(settings)
    return Installation(settings)


@dataclass
class OutsideView:
    """What the DNS says of trust.example: SPF that includes one other, the keys as they are, DMARC that watches."""

    stage: Stage
    hidden: set[str]

    async def answer(self, question: Question) -> Answer:
        name = getattr(question, "name", "")
        keys = keystore_keys(self.stage).all()
        texts = {
            "trust.example": "v=spf1 include:spf.relay.example mx ~all",
            "spf.relay.example": "v=spf1 ip4:192.0.2.0/24 -all",
            "theirs._domainkey.hospice.example": f"v=DKIM1; k=ed25519; p={'A' * 43}=",
            "_dmarc.trust.example": "v=DMARC1; p=none; rua=mailto:dmarc@trust.example",
            **{
                each.name: each.value
                for each in records_for("trust.example", keys, self.stage.clock.now())
                if "_domainkey" in each.name
            },
        }
        if getattr(question, "rdtype", "") == "TXT" and name in texts.keys() - self.hidden:
            return Found((texts[name],))
        return Unknown("a test") if name.endswith("team.example") else NotFound()


def keystore_keys(stage: Stage) -> KeystoreDomainKeys:
    notes = StoreSecretNotes(stage.database)
    stores = OutsideStores(StoreSettings())
    return KeystoreDomainKeys(lambda: stage.keystore, lambda: stores, dict, notes.note, stage.clock)


def governing(stage: Stage, people: StorePeople, services: ConsoleServices, hidden: set[str]) -> GovernServices:
    messages = Messages(stage.database)
    keys, book = keystore_keys(stage), StoreKnownDomains(stage.database)
    domains = DomainDesk(
        keys,
        StoreDomainReports(stage.database),
        book,
        lambda: OutsideView(stage, hidden),
        stage.clock,
        limit=StoreLookLimit(stage.database),
        selectors=StoreSelectors(stage.database),
    )
    knowledge = Knowledge(stage.register, messages, people, lambda: stage.world.signer, stage.clock)
    return GovernServices(
        console=services,
        integrations=integration_desk(knowledge, lambda: stage.world.pepper),
        agreements=AgreementDesk(StoreAgreements(stage.database), stage.register, stage.clock),
        policy=PolicyDesk(StorePolicies(stage.database), stage.clock),
        policy_book=StorePolicies(stage.database),
        domains=domains,
        domain_book=DomainBookDesk(book, stage.clock),
        signing_keys=SigningKeyDesk(keys, stage.clock, domains.is_published),
        reports=ReportDesk(StoreOutsideReports(stage.database), ReadingHere(), lambda: ("trust.example",), stage.clock),
        seen=knowledge.seen,
        history=knowledge.history,
        webhooks=StoredWebhookRecords(StoreWebhooks(stage.database)),
    )


@dataclass
class Factors:
    """In memory; everybody has one, but for newcomers. `is_away`: the keystore does not answer."""

    secrets: dict[str, bytes] = field(default_factory=dict)
    gone: set[str] = field(default_factory=lambda: {"newcomer"})
    is_away: bool = False

    def of(self, person: str) -> bytes | None:
        if self.is_away:
            raise Unavailable("the keystore", "a test")
        return None if person in self.gone else self.secrets.get(person, SECRET)

    def has(self, person: str) -> bool:
        return self.of(person) is not None

    def put(self, person: str, secret: bytes) -> None:
        if self.is_away:
            raise Unavailable("the keystore", "a test")
        self.secrets[person] = secret
        self.gone.discard(person)

    def forget(self, person: str) -> None:
        if self.is_away:
            raise Unavailable("the keystore", "a test")
        self.gone.add(person)


def identity_of(
    stage: Stage,
    database: Database,
    people: StorePeople,
    logins: StoreLogins,
    passwords: Argon2Passwords,
    desk: LoginDesk,
    factors: Factors,
) -> IdentityServices:
    keys, spent, place = StoreSecurityKeys(database), StoreProviderLogins(database), KeyPlace("gw.test", BASE)
    pepper, clock = stage.world.pepper, stage.clock
    second = SecondFactor(factors.of, pepper)
    return IdentityServices(
        keys=KeyDesk(desk, keys, spent, place, clock=clock, pepper=pepper),
        account=AccountDesk(desk, AccountStores(logins, keys, spent, passwords), second, place, clock),
        people=PeopleDesk(people, LogInStores(logins, factors, lambda: passwords), lambda: pepper, clock, "Demo trust"),
    )


def with_provider(console: Console, place: ProviderPlace, terms: ProviderTerms, secret: bytes) -> None:
    """From now on people can log in through it too."""
    clock, logins = console.stage.clock, StoreProviderLogins(console.stage.database)
    provider = OidcProvider(place, terms, OneSecret(secret), clock)
    desk = ProviderDesk(provider, logins, console.people, terms, clock=clock, pepper=console.stage.world.pepper)
    identity = replace(console.services.identity, provider=desk, provider_name="your trust's account")
    console.services = replace(console.services, identity=identity)
    console.site.router.routes[:] = build_site(
        console.check, Starlette(), [*console_routes(console.services), *console.others]
    ).routes


@dataclass
class OneSecret:
    """Stands for every reference."""

    value: bytes
    forgotten: int = 0

    def reveal(self, reference: str) -> bytes:
        return self.value

    def forget(self, reference: str) -> None:
        self.forgotten += 1


def once_mark(page: httpx2.Response) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page.text)
    assert found is not None
    return found.group(1)


def form_token(page: httpx2.Response) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page.text)
    assert found is not None
    return found.group(1)
