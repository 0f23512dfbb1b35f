"""TLSA records and the certificates that they match."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wardmail.posture.dane import TlsaRecord, certificate_matches, parse_tlsa, prove

NOW = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
CA = trustme.CA()
INTERMEDIATE = CA.create_child_ca()
ISSUED = INTERMEDIATE.issue_cert("mx.example")


def der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


LEAF, MIDDLE = (der(blob.bytes()) for blob in ISSUED.cert_chain_pems)
ROOT = der(CA.cert_pem.bytes())
CHAIN = (LEAF, MIDDLE, ROOT)


def key_of(certificate: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_every_selector_and_matching_type(selector, matching):
    selected = LEAF if selector == 0 else key_of(LEAF)
    association = [selected, hashlib.sha256(selected).digest(), hashlib.sha512(selected).digest()][matching]
    record = TlsaRecord(3, selector, matching, association)
    assert parse_tlsa(f"3 {selector} {matching} {association.hex()}") == record
    assert certificate_matches(record, LEAF)
    assert not certificate_matches(record, MIDDLE)
    assert prove((record,), CHAIN, "any.name.at.all", NOW) == "DANE-EE"
    assert prove((record,), (MIDDLE, LEAF), "mx.example", NOW) is None


@pytest.mark.parametrize(
    "text",
    ["", "3 1 1", "3 1 1 zz", "0 1 1 " + "ab" * 32, "1 0 1 " + "ab" * 32, "4 1 1 " + "ab" * 32, "3 2 1 " + "ab" * 32,
     "3 1 3 " + "ab" * 32, "3 1 1 " + "ab" * 31, "3 1 2 " + "ab" * 32, "x 1 1 ab", "3 1"],
)  # fmt: skip
def test_records_of_no_use(text):
    assert parse_tlsa(text) is None


def test_digits_may_be_cut_into_words():
    assert parse_tlsa("3 1 1 " + "ab" * 16 + " " + "AB" * 16) == TlsaRecord(3, 1, 1, b"\xab" * 32)


@pytest.mark.parametrize("anchor", [MIDDLE, ROOT])
def test_an_anchor_proves_what_it_leads_to(anchor):
    records = (TlsaRecord(2, 0, 1, hashlib.sha256(anchor).digest()),)
    assert prove(records, CHAIN, "mx.example", NOW) == "DANE-TA"
    assert prove(records, CHAIN, "other.example", NOW) is None
    assert prove(records, (LEAF,), "mx.example", NOW) is None


def test_an_anchor_that_did_not_sign_the_certificate_proves_nothing():
    stranger = der(trustme.CA().cert_pem.bytes())
    records = (TlsaRecord(2, 0, 1, hashlib.sha256(stranger).digest()),)
    assert prove(records, (LEAF, stranger), "mx.example", NOW) is None
    assert prove(records, (LEAF, MIDDLE, stranger), "mx.example", NOW) is None


def test_an_anchor_does_not_outlive_its_dates():
    records = (TlsaRecord(2, 0, 1, hashlib.sha256(ROOT).digest()),)
    assert prove(records, CHAIN, "mx.example", datetime(3001, 1, 1, tzinfo=UTC).timestamp()) is None


def test_certificates_that_cannot_be_read_match_nothing():
    record = TlsaRecord(3, 1, 1, hashlib.sha256(b"").digest())
    assert not certificate_matches(record, b"nonsense")
    assert prove((TlsaRecord(2, 0, 0, b"nonsense"),), (b"leaf", b"nonsense"), "mx.example", NOW) is None


def test_a_server_that_shows_nothing_proves_nothing():
    assert prove((TlsaRecord(3, 0, 0, LEAF),), (), "mx.example", NOW) is None
