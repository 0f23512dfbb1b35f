"""What lies beyond a limit is never passed over in silence: somebody who fills the limit would choose what is seen."""

from __future__ import annotations

import base64
import binascii
import lzma
import struct

import pytest
from tests.mail_of import HEAD, PROGRAM, attached, found_in, page, pdf, tar_header

from wardmail.content.inspection import Context, inspect
from wardmail.content.inspection.archives.unpack import Damaged, TooLarge, unxz
from wardmail.content.inspection.archives.zip import ZipEntry, unpacked
from wardmail.content.inspection.catalogue import KINDS
from wardmail.content.inspection.file import Allowance, File
from wardmail.content.inspection.inspector import Inspector
from wardmail.content.inspection.office import macros
from wardmail.content.inspection.office.binary import _slides
from wardmail.content.mime.leaf import Limits, Spending
from wardmail.model.inspection import Finding, Severity

TEXT = b"Content-Type: text/plain\r\n\r\nhello"
HIDDEN = b"Content-Type: application/x-a\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(PROGRAM)
PARTS = b"--bb\r\n%b\r\n--bb\r\n%b\r\n--bb--\r\n" % (TEXT, HIDDEN)
MIXED = b"Content-Type: multipart/mixed; boundary=bb\r\n"
OBJECT = b"{\\object\\objemb{\\*\\objdata 00}}"
EMBEDDED = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac") + bytes(20)
NOTEBOOK = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(50)
RAR4_COMMENT = b"\0\0\x75\0\0\x07\0"


def uuencoded(name: bytes, content: bytes) -> bytes:
    lines = b"".join(binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return b"begin 644 %b\n%b`\nend\n" % (name, lines)


def rar4(blocks: bytes) -> bytes:
    name = b"a.txt"
    file = (
        b"\0\0\x74\0\0"
        + struct.pack("<HLLBLLBBHL", 32 + len(name), 1, 1, 0, 0, 0, 20, 0x30, len(name), 0)
        + name
        + b"x"
    )
    return b"Rar!\x1a\x07\x00" + file + blocks


def compound(*names: str) -> bytes:
    """A storage of the name VBA, and a stream of each name in it, without content."""
    entries = [_entry("Root Entry", 5, child=1), _entry("VBA", 1, child=2)]
    entries += [_entry(name, 2, right=number + 3) for number, name in enumerate(names)]
    directory = b"".join(entries).ljust(-(-len(entries) // 4) * 512, b"\0")
    sectors = len(directory) // 512
    tables = -(-(sectors + 1) // 127)
    fat = [0xFFFFFFFD] * tables + [*range(tables + 1, tables + sectors), 0xFFFFFFFE]
    head = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0"))
    struct.pack_into("<HHHHH", head, 24, 62, 3, 0xFFFE, 9, 6)
    struct.pack_into("<L8xLLLLL", head, 44, tables, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    struct.pack_into("<L", head, 48, tables)
    struct.pack_into("<109L", head, 76, *[*range(tables), *[0xFFFFFFFF] * (109 - tables)])
    return bytes(head) + struct.pack(f"<{len(fat)}L", *fat).ljust(tables * 512, b"\xff") + directory


def _entry(name: str, kind: int, *, child: int = 0xFFFFFFFF, right: int = 0xFFFFFFFF) -> bytes:
    text = name.encode("utf-16-le")
    numbers = struct.pack("<HBBLLL", len(text) + 2, kind, 1, 0xFFFFFFFF, right, child)
    return text.ljust(64, b"\0") + numbers + bytes(48)


@pytest.mark.parametrize(
    ("message", "finding"),
    [
        (HEAD + b"X-A: b\r\n" * 1000 + MIXED + b"\r\n" + PARTS, "mime-header-overlong"),
        (HEAD + b"Content-Type: text/plain\r\n" * 6 + MIXED + b"\r\n" + PARTS, "mime-duplicate-field"),
        (
            HEAD + b"Content-Type: text/plain\r\n" + b"Content-Transfer-Encoding: 7bit\r\n" * 4
            + b"Content-Transfer-Encoding: base64\r\n\r\nhello",
            "mime-duplicate-field",
        ),
        (
            HEAD + b"Content-Type: text/plain" + b"".join(b"; name=a%d.txt" % n for n in range(9)) + b"\r\n\r\nhello",
            "mime-duplicate-field",
        ),
        (
            HEAD + b"Content-Type: multipart/mixed; boundary=aa" + b"".join(b"; boundary=a%d" % n for n in range(7))
            + b"; boundary=bb\r\n\r\n--aa\r\n" + TEXT + b"\r\n" + PARTS + b"--aa--\r\n",
            "mime-boundary-ambiguous",
        ),
        (page("<b>" * 100_001 + "<script>new Blob(atob('x'))</script>"), "budget-parts"),
        (attached(b"<svg xmlns='x'>" + b"<g>" * 100_001 + b"<script>x</script>", "a.svg", "image/svg+xml"), "budget-parts"),
        (attached(b"<svg xmlns='x'>" + b" " * 2**21 + b"<script>x</script>", "a.svg", "image/svg+xml"), "budget-octets"),
        (attached(b"{\\rtf1 " + OBJECT * 102 + b"}", "a.rtf"), "budget-parts"),
        (attached(NOTEBOOK + EMBEDDED * 101, "a.one"), "budget-parts"),
        (attached(rar4(RAR4_COMMENT * 2001), "a.rar"), "budget-parts"),
        (attached(pdf() + b"1 0 obj\n<<>>\nstream\nendstream\n" * 20_001, "a.pdf"), "pdf-unread"),
        (
            attached(pdf() + b"1 0 obj\n<</Type/ObjStm/Filter[" + b"/AHx" * 6 + b"]>>\nstream\n41>\nendstream\n", "a.pdf"),
            "pdf-unread",
        ),
        (
            attached(pdf() + b"1 0 obj\n<</Type/ObjStm" + b" " * 9000 + b"/Filter/LZW>>\nstream\nx\nendstream\n", "a.pdf"),
            "pdf-unread",
        ),
    ],
)  # fmt: skip
def test_what_is_beyond_a_limit_makes_it_unreadable(message: bytes, finding: str) -> None:
    assert KINDS[finding].severity is Severity.UNREADABLE
    assert finding in found_in(message)


def test_the_first_of_many_is_no_reason() -> None:
    assert "budget-parts" not in found_in(attached(b"{\\rtf1 " + OBJECT * 100 + b"}", "a.rtf"))
    assert "budget-parts" not in found_in(attached(NOTEBOOK + EMBEDDED * 100, "a.one"))
    assert "mime-header-overlong" not in found_in(HEAD + b"X-A: b\r\n" * 900 + MIXED + b"\r\n" + PARTS)


def test_the_last_of_many_files_in_a_text_is_looked_at() -> None:
    files = b"".join(uuencoded(b"a%d.txt" % number, b"harmless") for number in range(60))
    assert "type-executable" in found_in(HEAD + b"\r\n" + files + uuencoded(b"b.exe", PROGRAM))
    yenc = b"".join(b"=ybegin line=128 size=1 name=a%d\nk\n=yend\n" % number for number in range(60))
    program = bytes((octet + 42) & 255 for octet in PROGRAM).replace(b"=", b"=}")
    assert "type-executable" in found_in(HEAD + b"\r\n" + yenc + b"=ybegin size=1 name=b\n" + program + b"\n=yend\n")


def test_many_files_in_a_text_share_one_account() -> None:
    """Each of these has no end, so each reaches to the end of the text."""
    text = b"begin-base64 644 a\n" * 40 + b"QUFB" * 50_000
    message = HEAD + b"\r\n" + text
    spent = inspect(message)
    assert len(spent.parts) == 41
    assert "budget-octets" in found_in(message, Context(limits=Limits(decoded=1_000_000)))


@pytest.mark.parametrize("kind", [b"A", b"S", b"7", b"0"])
def test_an_entry_of_any_type_that_is_unpacked_as_a_file_is_looked_at(kind: bytes) -> None:
    archive = tar_header(b"a.dat", len(PROGRAM), kind) + PROGRAM.ljust(512, b"\0") + bytes(1024)
    assert "type-executable" in found_in(attached(archive, "a.tar"))


def test_a_packed_file_that_lies_about_its_size_has_a_budget() -> None:
    packed = lzma.compress(bytes(4_000_000))
    entry = ZipEntry("a", b"a", 0, 95, len(packed), 10, 0, 0, 0)
    assert unpacked(packed, entry, 1_000_000).octets is None
    assert unpacked(b"nonsense", entry, 1_000_000).fault == "archive-damaged"
    with pytest.raises(TooLarge):
        unxz(packed, 1_000_000)
    with pytest.raises(Damaged):
        unxz(b"nonsense", 1_000_000)


def test_slides_have_a_limit_that_is_said() -> None:
    file = File("1", (), "", "application/vnd.ms-powerpoint", b"")
    (sign,) = _slides(file, b"\x11\x10" * 202, Allowance(Spending(Limits())))
    assert isinstance(sign, Finding)
    assert sign.id == "budget-parts"


def test_a_fault_that_nobody_knows_is_not_dropped() -> None:
    spending = Spending(Limits())
    spending.fault("nobody-knows")
    with pytest.raises(KeyError):
        Inspector(Context(), spending).finished(HEAD + b"\r\n")


def test_streams_and_modules_of_an_office_file_beyond_the_limit() -> None:
    few = found_in(attached(compound("Module1"), "a.doc"))
    assert "office-macro" in few
    assert "budget-parts" not in few
    assert "budget-parts" in found_in(attached(compound(*["a"] * 20_000), "a.doc"))


def test_a_macro_behind_two_hundred_harmless_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(macros, "_source", lambda _: "Sub Add()")
    assert "office-macro-auto" not in found_in(attached(compound(*["Module"] * 200), "a.doc"))
    assert "office-macro-auto" in found_in(attached(compound(*["Module"] * 201), "a.doc"))
