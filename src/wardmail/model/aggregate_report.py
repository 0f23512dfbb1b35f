"""What others report about our domains: DMARC (RFC 9990) and TLS (RFC 8460), day by day, as they claim it (SHARE-17)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReportKind(StrEnum):
    DMARC = "dmarc"
    TLS = "tls"


class Standing(StrEnum):
    """How far it is known who says so. A claim may be anybody's invention, and counts in no total."""

    PROVED = "proved"
    IMPORTED = "imported"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class DmarcRow:
    """Mail that one address sent in our name. `dkim` and `spf`: did it pass, for our domain; `source` empty: many together."""

    source: str
    count: int
    disposition: str
    dkim: bool
    spf: bool
    header_from: str = ""

    @property
    def passes(self) -> bool:
        return self.dkim or self.spf


@dataclass(frozen=True, slots=True)
class DmarcReport:
    """`domain` is the one that published the policy; `began` and `ended` in seconds since the epoch."""

    domain: str
    reporter: str
    contact: str
    report_id: str
    began: float
    ended: float
    policy: str
    rows: tuple[DmarcRow, ...] = ()


@dataclass(frozen=True, slots=True)
class TlsFailure:
    """`result` is a word of RFC 8460 section 4.3; `host` the server that should have received."""

    result: str
    host: str
    count: int


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """Sessions that were tried by one kind of policy: sts, tlsa or no-policy-found."""

    kind: str
    successes: int
    failures: int
    details: tuple[TlsFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class TlsReport:
    """`domain` is the one that should have received; `began` and `ended` in seconds since the epoch."""

    domain: str
    reporter: str
    contact: str
    report_id: str
    began: float
    ended: float
    policies: tuple[TlsPolicy, ...] = ()


Report = DmarcReport | TlsReport


@dataclass(frozen=True, slots=True)
class KeptReport:
    """`through` is the source that it came in by, or the person who imported it; `proof` the domain that DMARC proved."""

    report: Report
    standing: Standing
    received_at: float
    through: str
    proof: str = ""

    @property
    def kind(self) -> ReportKind:
        return ReportKind.DMARC if isinstance(self.report, DmarcReport) else ReportKind.TLS

    @property
    def told_by(self) -> str:
        """Who answers for it: the domain that was proved, whatever name is in the report; else that name."""
        return self.proof if self.standing is Standing.PROVED else self.report.reporter


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The newest first; `following` is where the next page begins, empty after the last one."""

    reports: tuple[KeptReport, ...]
    following: str = ""


def names_as_its_own(report: Report, domain: str) -> bool:
    """Whether the report says that it is from this domain, from one below it or above it, or from a brand of its name."""
    named = report.reporter.lower(), report.contact.lower().removeprefix("mailto:").rpartition("@")[2]
    brands = domain.split(".")[:-1]
    return bool(domain) and any(_are_kin(domain, each) if "." in each else each in brands for each in named)


def _are_kin(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
