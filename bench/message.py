"""The message that is sent: what a business application mails, with text, HTML and a small PDF, about 11 kB."""

from __future__ import annotations

import base64
import random
import textwrap

_VOCABULARY = (
    "appointment clinic please bring letter invoice referral your next visit has been moved to Monday morning "
    "telephone the reception desk if you cannot come we look forward to seeing you practice team enclosed copy"
)

_HEADER = """\
Received: from app01.internal.test (app01.internal.test [10.20.30.40])
 by batch.perf.test with ESMTP id 7Q2M9; Sat, 22 Nov 2025 10:00:00 +0000
Date: Sat, 22 Nov 2025 10:00:00 +0000
From: "Billing Office" <billing@perf.test>
To: "A Customer" <user@dest.test>
Reply-To: help@perf.test
Subject: =?utf-8?q?Your_invoice_n=C2=B0_12345?=
MIME-Version: 1.0
X-Mailer: ledger/4.2
Content-Type: multipart/mixed; boundary="outer-6d1f"
"""

_PARTS = """
--outer-6d1f
Content-Type: multipart/alternative; boundary="inner-81c2"

--inner-81c2
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

{text}

--inner-81c2
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<html><body>
{markup}
</body></html>

--inner-81c2--

--outer-6d1f
Content-Type: application/pdf; name="invoice.pdf"
Content-Disposition: attachment; filename="invoice.pdf"
Content-Transfer-Encoding: base64

{attachment}
--outer-6d1f--
"""


def typical_message() -> bytes:
    """The same bytes on every call and every machine; lines end in CRLF. It has no Message-ID: each copy gets its own."""
    chance = random.Random(20251122)
    text = _paragraphs(chance, 2300)
    markup = "\n".join(f'<p style=3D"margin:0">{line}</p>' for line in _paragraphs(chance, 3900).splitlines())
    attachment = base64.encodebytes(chance.randbytes(1800)).decode().rstrip()
    message = _HEADER + _PARTS.format(text=text, markup=markup, attachment=attachment)
    return message.replace("\n", "\r\n").encode()


def _paragraphs(chance: random.Random, characters: int) -> str:
    vocabulary = _VOCABULARY.split()
    words: list[str] = []
    length = 0
    while length < characters:
        words.append(chance.choice(vocabulary))
        length += len(words[-1]) + 1
    return "\n".join(textwrap.wrap(" ".join(words), 70))
