"""Names that everybody knows are protected without being named, and their honest neighbours are left alone."""

from __future__ import annotations

import pytest
from tests.mail_of import HEAD, found_in, page

from wardmail.content.inspection.well_known import Imitation, imitation_of, whose_name

LOOKS, BEGINS, BORROWS = Imitation.LOOKS, Imitation.BEGINS, Imitation.BORROWS


@pytest.mark.parametrize(
    ("host", "imitation"),
    [
        ("nhs.net", None),
        ("mail.nhs.net", None),
        ("england.nhs.uk", None),
        ("service.gov.uk", None),
        ("nh\u0455.net", LOOKS),
        ("paypa1.com", LOOKS),
        ("rnicrosoft.com", LOOKS),
        ("microsofts.com", LOOKS),
        ("login.docuslgn.com", LOOKS),
        ("paypal.com.evil.example", BEGINS),
        ("nhs-net.evil.example", BEGINS),
        ("gov.uk-refund.example", BEGINS),
        ("paypal.com.au", None),
        ("microsoft.de", None),
        ("paypal-secure-login.example", BORROWS),
        ("hmrc-tax-refund.co.uk", BORROWS),
        ("www.royalmail-redelivery.example", BORROWS),
        ("nhs-jobs.example", None),
        ("apple-tree-surgery.nhs.uk", None),
        ("appletree.example", None),
        ("goggle.example", None),
        ("example.org", None),
        ("", None),
    ],
)
def test_hosts(host: str, imitation: Imitation | None) -> None:
    assert imitation_of(host) is imitation


@pytest.mark.parametrize(
    ("display", "domain", "whose"),
    [
        ("Microsoft account team", "evil.example", "microsoft"),
        ("\u041cicrosoft", "evil.example", "microsoft"),
        ('"HMRC" Refund', "gmail.com", "hmrc"),
        ("HMRC", "hmrc.gov.uk", ""),
        ("HMRC", "hmrc.example", "hmrc"),
        ("NHS", "nhs.example", "nhs"),
        ("PayPal", "mail.paypal.co.uk", ""),
        ("PayPal", "paypal.example", ""),
        ("Royal Mail Group Ltd", "evil.example", "royal mail"),
        ("Apple Tree Surgery", "surgery.example", ""),
        ("Dr Smith (NHS Lothian)", "nhslothian.scot.nhs.uk", ""),
        ("John at Microsoft", "consultants.example", ""),
        ("", "evil.example", ""),
    ],
)
def test_display_names(display: str, domain: str, whose: str) -> None:
    assert whose_name(display, [domain]) == whose


def test_what_is_said_of_them() -> None:
    named = HEAD.replace(b"Ann <ann@sender.example>", b"Microsoft account team <x@evil.example>")
    assert "from-name-protected" in found_in(named + b"\r\nHello")
    borrowed = HEAD.replace(b"ann@sender.example", b"x@paypal-security.example")
    assert "from-borrows-name" in found_in(borrowed + b"\r\nHello")
    alike = HEAD.replace(b"ann@sender.example", b"x@micros0ft.com")
    assert "from-look-alike" in found_in(alike + b"\r\nHello")
    linked = page('<a href="https://hmrc-tax-refund.example/">x</a><a href="https://nhs.net.evil.example/">y</a>')
    assert {"link-borrows-name", "link-imitates-by-subdomain"} <= found_in(linked)
