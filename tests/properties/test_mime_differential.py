"""Whatever the standard library's reader would hand out as a file, ours finds too, however the message is bent."""

from __future__ import annotations

import base64
import email
from email.message import Message

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mail_of import PROGRAM
from wardmail.content.inspection import inspect
from wardmail.model.inspection import Severity

PACKED = base64.b64encode(PROGRAM)
MESSAGE = [
    b"From: a@b.example", b"MIME-Version: 1.0", b"Content-Type: multipart/mixed; boundary=bb", b"", b"--bb",
    b"Content-Type: text/plain", b"", b"hi", b"--bb", b"Content-Type: application/octet-stream; name=a.exe",
    b"Content-Transfer-Encoding: base64", b"", PACKED, b"--bb--",
]  # fmt: skip
LINES = st.sampled_from([
    b"--bb", b"--bb--", b"--cc", b"--cc--", b"--bb ", b"--bbx", b"", b" ", b"\t", b"X", b"junk line", b"From: a@b",
    b"begin 644 a.exe",
    b"Content-Type: multipart/mixed; boundary=bb", b"Content-Type: multipart/mixed; boundary=cc", b"Content-Type: text/plain",
    b'Content-Type: multipart/mixed; boundary="bb"; boundary=cc', b"Content-Type: message/rfc822", b"MIME-Version: 1.0",
    b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"Content-Transfer-Encoding: 7bit",
    b"Content-Transfer-Encoding : base64", b"Content-Type: multipart/digest; boundary=dd", b"--dd", b"--dd--",
])  # fmt: skip
CHANGES = st.lists(st.tuples(st.sampled_from(["put", "drop", "change"]), st.integers(0, 30), LINES), max_size=8)


@settings(max_examples=300, deadline=None)
@given(CHANGES, st.sampled_from([b"\r\n", b"\n"]))
def test_a_program_that_the_standard_library_finds(changes: list[tuple[str, int, bytes]], ending: bytes) -> None:
    lines = list(MESSAGE)
    for change, place, line in changes:
        at = place % (len(lines) + 1)
        if change == "put":
            lines.insert(at, line)
        else:
            lines[at : at + 1] = [line] if change == "change" else []
    raw = ending.join(lines)
    if any(_is_program(part) for part in email.message_from_bytes(raw).walk()):
        inspection = inspect(raw)
        found = any(part.detected_type == "application/x-dosexec" for part in inspection.parts)
        assert found or any(each.severity is Severity.UNREADABLE for each in inspection.all_findings)


def _is_program(part: Message) -> bool:
    octets = None if part.is_multipart() else part.get_payload(decode=True)
    return isinstance(octets, bytes) and octets.lstrip(b"\r\n").startswith(PROGRAM[:64])
