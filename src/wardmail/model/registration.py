"""The record of an integration: who answers for it, what it carries, what it stands on, and who agreed to it (RECV-7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from wardmail.model.classification import Sensitivity


class Direction(StrEnum):
    SEND = "send"
    RECEIVE = "receive"
    BOTH = "both"


class Hosting(StrEnum):
    """Where the upstream service runs (CLOUD-1)."""

    CLOUD = "cloud"
    ON_PREMISES = "on-premises"


class Matter(StrEnum):
    """What needs a second person's yes."""

    GO_LIVE = "go-live"
    OVERRIDE = "override"
    ON_PREMISES = "on-premises"
    LOCATION = "location"


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A reference to something kept elsewhere, with who wrote it down, and when (SEC-3)."""

    text: str
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class Signature:
    """In whose name people read the mail (SHARE-15).

    `added`: the three are put under a text that lacks them; `required`: mail whose text lacks them is refused.
    """

    name: str = ""
    role: str = ""
    organisation: str = ""
    required: bool = False
    added: bool = False

    @property
    def is_whole(self) -> bool:
        return bool(self.name and self.role and self.organisation)


@dataclass(frozen=True, slots=True)
class Tick:
    """One person's word that one task of going live is done."""

    task: str
    by: str
    at: float
    reason: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one person asks for. `about` is what it was asked about, so that a yes does not outlive a change of that."""

    matter: Matter
    by: str
    at: float
    reason: str
    about: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class SignOff:
    """A second person's yes to what the first one asked."""

    ask: Ask
    by: str
    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Registration:
    """Everything that people write down about an integration; what is empty has not been said.

    `location` is an ISO 3166 country code. `incomplete_since` is the day on which a live record was found to lack
    something. `cmdb_sys_id` is what the CMDB calls it. `version` counts changes.
    """

    purpose: str = ""
    direction: Direction = Direction.SEND
    handles: Sensitivity | None = None
    clinical: bool | None = None
    owner: Contact | None = None
    deputy: Contact | None = None
    contacts: tuple[Contact, ...] = ()
    hosting: Hosting | None = None
    location: str = ""
    migration_plan: str = ""
    migration_ends: date | None = None
    upstream_service: str = ""
    upstream_account: str = ""
    iams: Recorded | None = None
    dpia: Recorded | None = None
    slsp: Recorded | None = None
    clinical_safety: Recorded | None = None
    application_document: str = ""
    upstream_document: str = ""
    cmdb: Recorded | None = None
    cmdb_sys_id: str = ""
    cmdb_at: float | None = None
    review_date: date | None = None
    end_date: date | None = None
    team_recipients: tuple[str, ...] = ()
    signature: Signature = Signature()
    ticks: tuple[Tick, ...] = ()
    asks: tuple[Ask, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    incomplete_since: date | None = None
    version: int = 0
    changed_at: float = 0.0
    changed_by: str = ""

    def signed_off(self, matter: Matter) -> SignOff | None:
        """The latest yes in this matter."""
        return next((each for each in reversed(self.sign_offs) if each.ask.matter is matter), None)

    def asked(self, matter: Matter) -> Ask | None:
        """What is asked in this matter and not answered yet."""
        return next((each for each in self.asks if each.matter is matter), None)
