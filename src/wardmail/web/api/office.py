"""What the API for people stands on: the same desks at which commands and pages work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from wardmail.model.delivery import RecipientState
from wardmail.model.evidence import Period
from wardmail.model.person import Person
from wardmail.model.provider_login import Unvouched
from wardmail.model.reading import Page, Record, Wanted
from wardmail.outbound.world import World
from wardmail.ports import HeldRecords, HoldBook, MessageRecords, PersonRecords


class WaitingMail(Protocol):
    """What waits to be sent. Each change is one transaction with its event. Blocking."""

    def hurry(self, message_ids: Sequence[str] | None, domain: str, actor: str) -> int:
        """Make copies due now: of these messages, or (None) all, or all to a domain; how many."""
        ...

    def change_state(
        self, message_ids: Sequence[str], *, to: RecipientState, actor: str, reason: str
    ) -> Sequence[tuple[str, int]]:
        """Hold or cancel what waits; message and number of each copy that was changed."""
        ...

    def ages(self, now: float) -> Sequence[tuple[str, float]]:
        """Domain and age in seconds of every copy that waits."""
        ...

    def in_hand(self, message_ids: Sequence[str]) -> int:
        """How many copies are being sent at this moment, and were left alone."""
        ...


class SuppressionDesk(Protocol):
    """The list of addresses that mail must not go to. Blocking."""

    def page(self, wanted: Wanted) -> Page:
        """By address. Raises NoSuchPage for an `after` that no page gave."""
        ...

    def add(self, actor: Person, address: str, integration: str, reason: str, days: float | None) -> Record: ...

    def remove(self, actor: Person, address: str, integration: str | None, reason: str) -> Record:
        """`integration` None: every entry of the address."""
        ...


class AuditDesk(Protocol):
    """Blocking; what walks the whole audit takes long."""

    def since(self, after: int, limit: int) -> Sequence[Record]: ...

    def newest(self, before: int | None, limit: int) -> Sequence[Record]:
        """The newest first."""
        ...

    def chain(self) -> Record: ...

    def knows(self, message_id: str) -> bool:
        """Whether a pack can be about it."""
        ...

    def pack(self, actor: Person, kind: str, period: Period, message_id: str, reason: str) -> tuple[str, bytes]:
        """A name, and a ZIP archive."""
        ...

    def pack_of_message(self, actor: Person, message_id: str, reason: str) -> tuple[str, bytes] | None: ...

    def of_message(self, actor: str, message_id: str, reason: str, *, as_html: bool) -> Record | str | None:
        """One message's evidence, as a record or as a page; None when no such message was sent."""
        ...


class RecordDesk(Protocol):
    """Writes whole records of the kinds `integration`, `route` and `agreement`. Blocking."""

    def write(
        self,
        actor: Person,
        kind: str,
        name: str,
        table: Mapping[str, object],
        reason: str,
        *,
        new: bool,
        dry_run: bool = False,
    ) -> Sequence[Record]:
        """What changed, field by field."""
        ...

    def table(self, kind: str, name: str) -> Record:
        """The record as it can be written again."""
        ...


class IntegrationsDesk(Protocol):
    """Blocking. `one` and the steps are as `wardmail integration` tells and takes them."""

    def page(self, after: str, limit: int) -> Page: ...

    def one(self, name: str) -> Record: ...

    def tasks(self, name: str) -> Sequence[Record]: ...

    def tick(self, actor: Person, name: str, task: str, reason: str, evidence: str) -> Sequence[Record]: ...

    def untick(self, actor: Person, name: str, task: str, reason: str) -> Sequence[Record]: ...

    def take(self, actor: Person, name: str, step: str, reason: str) -> Record: ...

    def ask_to_go_live(self, actor: Person, name: str, reason: str) -> Record: ...

    def approve_going_live(self, actor: Person, name: str, reason: str) -> Record: ...

    def credentials(self, name: str) -> Sequence[Record]: ...

    def issue(
        self, actor: Person, name: str, *, username: str, lifetime_days: float | None, networks: tuple[str, ...]
    ) -> Record:
        """With the secret, this once."""
        ...

    def rotate(
        self, actor: Person, name: str, username: str, *, overlap_days: float, lifetime_days: float | None
    ) -> Record: ...

    def revoke(self, actor: Person, name: str, username: str) -> Record: ...


class RoutesDesk(Protocol):
    """Blocking."""

    def page(self, after: str, limit: int) -> Page: ...

    def one(self, name: str) -> Record: ...

    def pause(self, actor: Person, name: str, *, paused: bool) -> Record: ...


class AgreementsDesk(Protocol):
    """Blocking."""

    def page(self, after: str, limit: int) -> Page: ...

    def one(self, name: str) -> Record: ...

    def sign(self, actor: Person, name: str, part: str, reason: str) -> Record: ...

    def renew(self, actor: Person, name: str, new_name: str, ends: date, reason: str) -> Record: ...

    def end(self, actor: Person, name: str, reason: str) -> Record: ...


class DomainsDesk(Protocol):
    """Blocking, but for what says otherwise: `check` and `activate` ask the DNS."""

    def all(self) -> Sequence[Record]: ...

    def add(self, actor: Person, domain: str, *, ours: bool, note: str) -> Record: ...

    def remove(self, actor: Person, domain: str) -> None: ...

    async def check(self, actor: Person, domain: str, selectors: Sequence[str] = ()) -> Record: ...

    def assurances(self, domain: str) -> Sequence[Record]: ...

    def record_assurance(
        self, actor: Person, domain: str, kind: str, reference: str, until: date
    ) -> Sequence[Record]: ...

    async def checks(self, domain: str, limit: int) -> Sequence[Record]:
        """The newest first."""
        ...

    async def spf_tree(self, domain: str) -> Record:
        """As it was seen last."""
        ...

    def keys(self, domain: str) -> Sequence[Record]: ...

    def make_keys(
        self, actor: Person, domain: str, algorithms: Sequence[str], key: str, *, signs_now: bool
    ) -> Sequence[Record]:
        """`key` names one that stays where it is; empty: new ones are made."""
        ...

    async def activate(self, actor: Person, domain: str, selector: str) -> Record: ...

    def retire(self, actor: Person, domain: str, selector: str) -> Record: ...

    def dns_records(self, domain: str) -> Sequence[Record]: ...

    def lists(self) -> Sequence[Record]: ...

    def list_named(self, name: str) -> Record: ...

    def entry(self, name: str, domain: str) -> Record: ...


class ReportsDesk(Protocol):
    """What others report about our domains; `kind` is dmarc or tls. Blocking."""

    def summary(self, kind: str, domain: str, days: int) -> Record: ...

    def reports(self, kind: str, days: int, wanted: Wanted) -> Page:
        """The newest first. Raises NoSuchPage for an `after` that no page gave."""
        ...

    def delivery(self, days: int) -> Record:
        """What became of our own mail: counts alone."""
        ...


class PoliciesDesk(Protocol):
    """Blocking. A version goes from draft to checked, approved by another person, and in force."""

    def all(self) -> Sequence[Record]: ...

    def one(self, number: int | None) -> Record:
        """None: the one in force. With every rule in a sentence, and the site's own as they can be written again."""
        ...

    def draft(self, actor: Person, rules: Sequence[Mapping[str, object]], reason: str, *, dry_run: bool) -> Record: ...

    def check(self, actor: Person, number: int) -> Record:
        """What lint and the examples found."""
        ...

    def approve(self, actor: Person, number: int, reason: str) -> Record: ...

    def activate(self, actor: Person, number: int, reason: str) -> Record: ...

    def withdraw(self, actor: Person, number: int, reason: str) -> Record: ...

    def simulate(self, number: int | None, rules: Sequence[Mapping[str, object]] | None, days: float) -> Record:
        """What was accepted lately, judged again by that version, or by rules that nobody has kept."""
        ...


class WebhooksDesk(Protocol):
    """Blocking, but for `test`."""

    def all(self, integration: str) -> Sequence[Record]: ...

    def add(
        self, actor: Person, integration: str, url: str, *, types: Sequence[str], ed25519: bool, allow_private: bool
    ) -> Record:
        """With the secret, this once."""
        ...

    def require(self, integration: str, endpoint_id: str) -> None:
        """That it is this integration's."""
        ...

    def rotate(self, actor: Person, endpoint_id: str, *, ed25519: bool, reason: str) -> Record:
        """With the new secret, this once; both sign until `finish`."""
        ...

    def finish(self, actor: Person, endpoint_id: str, reason: str) -> Record: ...

    def stop(self, actor: Person, endpoint_id: str, *, stopped: str, reason: str) -> Record:
        """`stopped` says why it is told nothing; empty: it is told again."""
        ...

    def remove(self, actor: Person, endpoint_id: str, reason: str) -> None: ...

    async def test(self, endpoint_id: str) -> Record: ...


@dataclass(frozen=True, slots=True)
class Office:
    """`pepper` is the key of the keyed hash that people's keys are kept by."""

    people: PersonRecords
    vouched: Callable[[Person], Person | Unvouched]
    pepper: bytes
    world: World
    held: HeldRecords
    holds: HoldBook
    messages: MessageRecords
    waiting: WaitingMail
    suppressions: SuppressionDesk
    audit: AuditDesk
    records: RecordDesk
    integrations: IntegrationsDesk
    routes: RoutesDesk
    agreements: AgreementsDesk
    domains: DomainsDesk
    reports: ReportsDesk
    webhooks: WebhooksDesk
    policies: PoliciesDesk
