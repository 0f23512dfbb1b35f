"""A registered application, its credentials, and what it may do (SEND-6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wardmail.model.classification import Sensitivity
from wardmail.model.registration import Registration
from wardmail.model.standing import Profile
from wardmail.model.traffic import Traffic


class IntegrationState(StrEnum):
    """DUE and LAPSED are never stored: a live record comes to them by the calendar, and back when it is mended."""

    DRAFT = "draft"
    TRIAL = "in-trial"
    LIVE = "live"
    DUE = "due"
    LAPSED = "lapsed"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class Step(StrEnum):
    """What moves an integration from one state to the next."""

    BEGIN_TRIAL = "begin-trial"
    GO_LIVE = "go-live"
    FALL_DUE = "fall-due"
    LAPSE = "lapse"
    MEND = "mend"
    SUSPEND = "suspend"
    RESUME_TRIAL = "resume-trial"
    RESUME_LIVE = "resume-live"
    RETIRE = "retire"


TRANSITIONS: Mapping[tuple[IntegrationState, Step], IntegrationState] = {
    (IntegrationState.DRAFT, Step.BEGIN_TRIAL): IntegrationState.TRIAL,
    (IntegrationState.DRAFT, Step.RETIRE): IntegrationState.RETIRED,
    (IntegrationState.TRIAL, Step.GO_LIVE): IntegrationState.LIVE,
    (IntegrationState.TRIAL, Step.SUSPEND): IntegrationState.SUSPENDED,
    (IntegrationState.TRIAL, Step.RETIRE): IntegrationState.RETIRED,
    (IntegrationState.LIVE, Step.FALL_DUE): IntegrationState.DUE,
    (IntegrationState.LIVE, Step.SUSPEND): IntegrationState.SUSPENDED,
    (IntegrationState.LIVE, Step.RETIRE): IntegrationState.RETIRED,
    (IntegrationState.DUE, Step.MEND): IntegrationState.LIVE,
    (IntegrationState.DUE, Step.LAPSE): IntegrationState.LAPSED,
    (IntegrationState.DUE, Step.SUSPEND): IntegrationState.SUSPENDED,
    (IntegrationState.DUE, Step.RETIRE): IntegrationState.RETIRED,
    (IntegrationState.LAPSED, Step.MEND): IntegrationState.LIVE,
    (IntegrationState.LAPSED, Step.SUSPEND): IntegrationState.SUSPENDED,
    (IntegrationState.LAPSED, Step.RETIRE): IntegrationState.RETIRED,
    (IntegrationState.SUSPENDED, Step.RESUME_TRIAL): IntegrationState.TRIAL,
    (IntegrationState.SUSPENDED, Step.RESUME_LIVE): IntegrationState.LIVE,
    (IntegrationState.SUSPENDED, Step.RETIRE): IntegrationState.RETIRED,
}
"""All moves there are (RECV-8). Nothing leads out of RETIRED; RESUME_LIVE is for what has been live before."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings for one integration; `None` means no ceiling."""

    messages_per_minute: int | None = 60
    messages_per_day: int | None = 10_000
    recipients_per_minute: int | None = None
    recipients_per_day: int | None = 10_000
    recipients_per_message: int = 100


@dataclass(frozen=True, slots=True)
class Integration:
    """`senders` are addresses (`a@b.example`) and whole domains (`@b.example`); `networks` CIDR blocks (none = any).

    `retention_days` is how long content is kept; None: as the settings say.
    """

    id: str
    name: str
    route: str
    senders: tuple[str, ...]
    state: IntegrationState = IntegrationState.DRAFT
    profile: Profile = Profile.HEALTH_AND_CARE
    default_sensitivity: Sensitivity = Sensitivity.OFFICIAL
    networks: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    detect_nhs_numbers: bool = True
    may_use_null_sender: bool = False
    traffic: Traffic = field(default_factory=Traffic)
    retention_days: int | None = None
    registration: Registration = field(default_factory=Registration)


@dataclass(frozen=True, slots=True)
class Credential:
    """A user name and what is needed to prove its secret; the secret itself is shown once and never kept.

    `secret_hash` is HMAC-SHA-256 of the secret under a key from the keystore: the secret has 256 random bits, so a
    slow hash would only help an attacker to exhaust us. The SCRAM values are those of RFC 5802 section 3.

    What is handed in with a test credential never leaves this machine. `public_keys` are JSON Web Keys (RFC 7517) that
    sign assertions; `certificate` is the SHA-256 thumbprint of a client certificate (RFC 8705).
    """

    username: str
    integration_id: str
    secret_hash: bytes
    scram_salt: bytes
    scram_stored_key: bytes
    scram_server_key: bytes
    scram_iterations: int
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    networks: tuple[str, ...] = ()
    is_test: bool = False
    public_keys: tuple[str, ...] = ()
    certificate: bytes = b""

    @property
    def has_secret(self) -> bool:
        """With a public key or a certificate nobody was ever told the secret."""
        return not self.public_keys and not self.certificate
