"""The files in a message: numbered, named and typed by content, whatever a hostile sender makes of it."""

from __future__ import annotations

import base64
import hashlib
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st
from tests.mail_of import PROGRAM

from wardmail.content.attachments import MOST, attached_file, attached_files
from wardmail.content.inspection import inspect
from wardmail.content.inspection.catalogue import found
from wardmail.content.mime.leaf import Limits
from wardmail.model.inspection import Finding, Inspection, Part, Severity

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def attached_octets(message: bytes, n: int) -> bytes | None:
    found = attached_file(message, n)
    return found[1] if found is not None else None


def letter(*files: tuple[str, bytes, str]) -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"] = "app@trust.example", "Hello"
    made.set_content("Good morning.")
    for name, octets, kind in files:
        main, _, sub = kind.partition("/")
        made.add_attachment(octets, maintype=main, subtype=sub, filename=name)
    return made.as_bytes().replace(b"\n", b"\r\n")


def listed(message: bytes, limits: Limits | None = None):
    return attached_files(message, inspect(message), limits)


def test_files_have_names_types_by_content_and_hashes() -> None:
    message = letter(("letter.pdf", PDF, "application/pdf"), ("notes.pdf", PROGRAM, "application/pdf"))
    first, second = listed(message).files
    assert (first.n, first.name, first.kind, first.size) == (1, "letter.pdf", "application/pdf", len(PDF))
    assert first.sha256 == hashlib.sha256(PDF).hexdigest()
    assert (second.declared, second.is_dangerous) == ("application/pdf", True)
    assert "pdf" not in second.kind
    assert (attached_octets(message, 1), attached_octets(message, 2)) == (PDF, PROGRAM)
    assert [attached_octets(message, n) for n in (0, 3, -1, 10**9)] == [None] * 4


def test_the_text_is_no_file() -> None:
    assert listed(letter()).files == ()


def test_names_cannot_steer_what_shows_them() -> None:
    (file,) = listed(letter(("a\u202egpj.exe", PDF, "application/pdf"))).files
    assert "\u202e" not in file.name
    raw = b'Content-Type: image/png; name="' + b"x" * 5_000 + b'"\r\n\r\nx'
    (file,) = listed(raw).files
    assert len(file.name) <= 150


def test_findings_of_what_is_packed_in_it_are_its_own_and_the_gravest_come_first() -> None:
    message = letter(("a.zip", b"PK\x05\x06" + bytes(18), "application/zip"))
    path = next(each.path for each in inspect(message).parts if each.filename == "a.zip")
    note = Finding("a", Severity.NOTE, 0, "A note.", path)
    grave = Finding("b", Severity.DANGEROUS, 100, "A program.", f"{path}/x.exe")
    other = Finding("c", Severity.DANGEROUS, 100, "Elsewhere.", f"{path}0")
    seen = Inspection((Part(path, "", "application/zip", "a.zip", 22, "", "", (note, grave, other)),), (), ())
    (file,) = attached_files(message, seen).files
    assert (file.findings, file.is_dangerous) == ((grave, note), True)


def test_thousands_of_files_are_bounded_and_said_to_be() -> None:
    part = b"--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n"
    message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 5_000 + b"--b--\r\n"
    found = listed(message)
    assert len(found.files) == MOST
    assert "are not listed" in found.gap
    assert "could not be read" in found.gap
    assert attached_octets(message, MOST) == b"x"
    assert attached_octets(message, MOST + 1) is None


def test_what_the_inspection_did_not_see_is_not_taken_for_looked_into() -> None:
    message = letter(("a.exe", PROGRAM, "application/octet-stream"))
    (seen,) = listed(message).files
    assert seen.looked_into
    (unseen,) = attached_files(message, Inspection((), (), (found("inspection-failed"),))).files
    assert (unseen.looked_into, unseen.is_dangerous) == (False, False)


def test_what_is_beyond_the_budget_is_said() -> None:
    message = letter(("a.bin", bytes(4_000), "application/octet-stream"))
    found = listed(message, Limits(decoded=2_000))
    assert found.gap == "Parts of it could not be read."


@given(st.binary(max_size=400), st.integers(-2, 5))
def test_whatever_comes_nothing_breaks(tail: bytes, n: int) -> None:
    message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + tail + base64.b64encode(tail) + b"\r\n--b--"
    files = listed(message).files
    assert [each.n for each in files] == list(range(1, len(files) + 1))
    octets = attached_octets(message, n)
    assert (octets is not None) == (1 <= n <= len(files))
    if octets is not None:
        assert hashlib.sha256(octets).hexdigest() == files[n - 1].sha256
