"""PDF that only its owner cannot change is read; what needs a password to be read is kept back. Written by another program."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import DictionaryObject, NameObject
from tests.mail_of import PROGRAM, attached, found_in, pdf

from wardmail.content.inspection import inspect
from wardmail.content.inspection.pdf_cipher import cipher_without_password

WAYS = ("RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256")
TARGET = "https://evil.example/a_(b)"


def written(way: str, user: str = "", *, acts: bool = True) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_annotation(0, Link(rect=(0, 0, 50, 50), url=TARGET))
    if acts:
        writer.add_attachment("evil.exe", PROGRAM)
        launch = {NameObject("/S"): NameObject("/Launch")}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(launch)
    writer.encrypt(user, "the owner's", algorithm=way)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


@pytest.mark.parametrize("way", WAYS)
def test_what_opens_without_a_password_is_looked_into(way: str) -> None:
    document = written(way)
    assert PdfReader(io.BytesIO(document)).is_encrypted
    inspection = inspect(attached(document, "a.pdf"))
    found = {finding.id for finding in inspection.all_findings}
    assert {"pdf-launch", "pdf-embedded", "type-executable"} <= found
    assert "pdf-encrypted" not in found
    assert TARGET in inspection.urls


@pytest.mark.parametrize("way", WAYS)
def test_a_harmless_one_is_harmless(way: str) -> None:
    assert found_in(attached(written(way, acts=False), "a.pdf")) == set()


@pytest.mark.parametrize("way", WAYS)
def test_what_needs_a_password_is_kept_back(way: str) -> None:
    assert "pdf-encrypted" in found_in(attached(written(way, "secret", acts=False), "a.pdf"))
    assert cipher_without_password(written(way, "secret")) is None


def test_who_pretends_that_it_is_encrypted_hides_nothing() -> None:
    """The dictionary of an honest file, set before objects that are not encrypted at all."""
    honest = written("RC4-128")
    hidden = pdf(b"<</Type/Catalog>>", packed=b"1 0 <</S/Launch>>")
    assert "pdf-launch" in found_in(attached(hidden + honest, "a.pdf"))
    assert (
        "https://plain.example/" in inspect(attached(pdf(b"<</URI(https://plain.example/)>>") + honest, "a.pdf")).urls
    )


@pytest.mark.parametrize(
    "dictionary",
    [
        b"/Encrypt 5 0 R",
        b"/Encrypt<</Filter/Standard/V 5/R 6/U<00>/UE()>>",
        b"/Encrypt<</Filter/Standard/V 2/R 3/P 99999999999/Length 999999>>",
        b"/Encrypt<</Filter/Adobe.PubSec/V 4>>",
        b"/Encrypt<</Filter/Standard/V 4/R 4>>/Encrypt 1 0 R",
        b"/Encrypt<</Filter/Standard/V 5/R 6/CF<</StdCF<</CFM/AESV3>>>>/StmF/StdCF/U(%b)/UE(%b)>>"
        % (b"u" * 48, b"k" * 32),
    ],
)
def test_an_encryption_that_cannot_be_followed_is_kept_back(dictionary: bytes) -> None:
    assert "pdf-encrypted" in found_in(attached(pdf(b"<</Type/Catalog>>") + b"trailer<<%b>>" % dictionary, "a.pdf"))
