"""Says which certificates a mail host may show, by its TLSA records (RFC 7672)."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from wardmail.model.question import Answer, DnsQuestion, Found, Question, Unknown

MAX_RECORDS = 32
DANE_TA = 2
DANE_EE = 3

# A domain that is its own authority need not follow the web's rules for extensions; the name must be there all the same.
_NAMED = ExtensionPolicy.permit_all().require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)


@dataclass(frozen=True, slots=True)
class TlsaRecord:
    """`association` is the certificate or key itself, or its digest."""

    usage: int
    selector: int
    matching: int
    association: bytes


@dataclass(frozen=True, slots=True)
class DaneFinding:
    """`records` are those that SMTP may use. `demands_tls`: records exist, though perhaps none that can be used."""

    records: tuple[TlsaRecord, ...] = ()
    demands_tls: bool = False


def find_tlsa(host: str, port: int) -> Generator[Question, Answer, DaneFinding | Unknown]:
    """Ask only for hosts whose MX and addresses DNSSEC vouches for. Unknown: do not deliver now (section 2.1.1)."""
    answer = yield DnsQuestion(f"_{port}._tcp.{host}", "TLSA")
    if isinstance(answer, Unknown):
        return answer
    if not isinstance(answer, Found) or not answer.authenticated:
        return DaneFinding()
    parsed = (parse_tlsa(record) for record in answer.records[:MAX_RECORDS])
    return DaneFinding(tuple(record for record in parsed if record is not None), demands_tls=True)


def parse_tlsa(record: str) -> TlsaRecord | None:
    """None for a record that SMTP cannot use: PKIX usages (section 3.1.3), unknown parameters, wrong lengths."""
    words = record.split()
    try:
        usage, selector, matching = (int(word) for word in words[:3])
        association = bytes.fromhex("".join(words[3:]))
    except ValueError:
        return None
    lengths = {1: 32, 2: 64}
    is_known = usage in {DANE_TA, DANE_EE} and selector in {0, 1} and matching in {0, 1, 2}
    if not is_known or not association or len(association) != lengths.get(matching, len(association)):
        return None
    return TlsaRecord(usage, selector, matching, association)


def certificate_matches(record: TlsaRecord, certificate: bytes) -> bool:
    """`certificate` is DER."""
    selected = certificate if record.selector == 0 else _public_key(certificate)
    if selected is None:
        return False
    digests = {0: selected, 1: hashlib.sha256(selected).digest(), 2: hashlib.sha512(selected).digest()}
    return digests[record.matching] == record.association


def _public_key(certificate: bytes) -> bytes | None:
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return None


def prove(records: tuple[TlsaRecord, ...], chain: tuple[bytes, ...], host: str, now: float) -> str | None:
    """How the records prove the server: "DANE-EE", "DANE-TA", or None. `chain` is DER, the server's own first."""
    # Section 3.1.1: with DANE-EE neither names nor dates in the certificate count.
    if chain and any(record.usage == DANE_EE and certificate_matches(record, chain[0]) for record in records):
        return "DANE-EE"
    anchors = [
        certificate
        for certificate in chain[1:]
        if any(record.usage == DANE_TA and certificate_matches(record, certificate) for record in records)
    ]
    return "DANE-TA" if anchors and _leads_to(anchors, chain, host, now) else None


def _leads_to(anchors: list[bytes], chain: tuple[bytes, ...], host: str, now: float) -> bool:
    # Section 3.1.2: with DANE-TA the chain, the dates and the host's name all count.
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in chain]
        store = Store([x509.load_der_x509_certificate(der) for der in anchors])
        policy = (
            PolicyBuilder()
            .store(store)
            .time(datetime.fromtimestamp(now, UTC))
            .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_NAMED)
        )
        policy.build_server_verifier(x509.DNSName(host)).verify(certificates[0], certificates[1:])
    except (ValueError, VerificationError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return False
    return True
