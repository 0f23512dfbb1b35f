"""What is proved about who sent a message that came in: SPF, DKIM, ARC, DMARC, and the sending host's name (SHARE-16)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AuthResult(StrEnum):
    """The words of RFC 8601 section 2.7. TEMPERROR is a question that the DNS did not answer, never a "no"."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - a result, not a secret
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    POLICY = "policy"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class DmarcPolicy(StrEnum):
    """What a domain asks for (RFC 9989), and what is to be done for it."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class Acceptable(StrEnum):
    """May a signature at the foot of the text be taken as the sender's?"""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Sending:
    """How the message came to us or to the named hop: `ip` empty where nobody knows, as for collected mail."""

    ip: str = ""
    helo: str = ""
    mail_from: str = ""


@dataclass(frozen=True, slots=True)
class SpfEvidence:
    """`identity` is mailfrom or helo."""

    result: AuthResult
    domain: str
    identity: str
    reason: str


@dataclass(frozen=True, slots=True)
class DkimEvidence:
    """One signature. `identity` is the i= tag, or @domain; `whole_body` is false when l= leaves octets unsigned."""

    result: AuthResult
    domain: str
    selector: str
    identity: str
    reason: str
    algorithm: str = ""
    whole_body: bool = True
    testing: bool = False


@dataclass(frozen=True, slots=True)
class ArcEvidence:
    """`result` is cv of the whole chain: none, pass or fail (RFC 8617), or temperror where the DNS was silent;
    `sealers` oldest first."""

    result: AuthResult
    sealers: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class DmarcEvidence:
    """`domain` is the author's, `policy_domain` whose record was found; `disposition` is after t= and the result."""

    result: AuthResult
    domain: str
    policy_domain: str
    policy: DmarcPolicy
    disposition: DmarcPolicy
    reason: str


@dataclass(frozen=True, slots=True)
class SenderEvidence:
    """`reverse_name` is the host's name where iprev passes; `trusted_hop` names whose verdicts these are, else ours.

    `authors` are the addresses in From as they stand there, none where the field cannot be read.
    """

    spf: SpfEvidence
    dkim: tuple[DkimEvidence, ...]
    arc: ArcEvidence
    dmarc: DmarcEvidence
    iprev: AuthResult
    reverse_name: str
    authors: tuple[str, ...]
    signature_acceptable: Acceptable
    reasons: tuple[str, ...]
    trusted_hop: str = ""
