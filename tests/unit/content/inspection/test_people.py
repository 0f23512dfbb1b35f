"""Pages, links and senders that deceive, and their honest likes."""

from __future__ import annotations

import pytest
from tests.mail_of import HEAD, attached, found_in, page

from wardmail.content.inspection import Context, inspect
from wardmail.content.inspection.hosts import begins_like, imitates, mixes_scripts, organisation_of
from wardmail.content.inspection.links import parse

OURS = Context(protected_names=("nhs.net", "payroll.trust.nhs.uk", "Payroll Team"), own_domains=("trust.nhs.uk",))


@pytest.mark.parametrize(
    ("host", "imitating"),
    [
        ("nhs.net", False),
        ("mail.nhs.net", False),
        ("nhs-mail.example", False),
        ("nh\u0455.net", True),
        ("xn--nh-foc.net", True),
        ("trust.nhs.uk", False),
        ("trvst.nhs.uk", True),
        ("trusst.nhs.uk", True),
        ("turst.nhs.uk", True),
        ("other.nhs.uk", False),
        ("nhs.uk", False),
        ("example.org", False),
    ],
)
def test_look_alikes(host: str, imitating: bool) -> None:
    assert imitates(host, ("nhs.net", "trust.nhs.uk")) is imitating


def test_rn_is_like_m_and_0_like_o() -> None:
    assert imitates("cornpany.example", ("company.example",))
    assert imitates("g0vernment.example", ("government.example",))


def test_a_protected_name_in_front_of_another_domain() -> None:
    assert begins_like("nhs.net.evil.example", ("nhs.net",))
    assert begins_like("login.nhs-net.evil.example", ("nhs.net",))
    assert not begins_like("www.nhs.net", ("nhs.net",))


def test_mixed_alphabets() -> None:
    assert mixes_scripts("p\u0430ypal.com")
    assert mixes_scripts("\u0430\u0441\u0435.com")
    assert not mixes_scripts("münchen.de")
    assert not mixes_scripts("почта.рф")


def test_organisations() -> None:
    assert organisation_of("www.a.nhs.uk") == "a.nhs.uk"
    assert organisation_of("x.y.co.uk") == "y.co.uk"
    assert organisation_of("mail.sender.example") == "sender.example"


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://nhs.net@evil.example/", "evil.example"),
        ("https:\\\\evil.example\\a", "evil.example"),
        ("ht\ntps://ev\til.example", "evil.example"),
        ("//evil.example/a", "evil.example"),
        ("HTTP://EVIL.example:8000", "evil.example"),
    ],
)
def test_links_as_browsers_read_them(link: str, host: str) -> None:
    target = parse(link)
    assert target is not None
    assert target.host == host


@pytest.mark.parametrize(
    ("markup", "finding"),
    [
        ('<a href="http://evil.example/">https://www.nhs.net/login</a>', "link-text-differs"),
        ('<a title="<" href="http://evil.example/">www.nhs.net</a>', "link-text-differs"),
        ("<a href=http://203.0.113.9/x>here</a>", "link-ip"),
        ("<a href=http://3405803785/x>here</a>", "link-ip"),
        ('<a href="https://nhs.net@evil.example/">here</a>', "link-userinfo"),
        ('<a href="https://nhs.net.evil.example/">here</a>', "link-imitates-by-subdomain"),
        ('<a href="https://nh\u0455.net/">here</a>', "link-imitates"),
        ('<a href="https://bit.ly/x">here</a>', "link-shortener"),
        ('<a href="https://evil.example/a.exe">here</a>', "link-program"),
        ('<a href="file://evil.example/share">here</a>', "link-file"),
        ('<a href="search-ms:query=x">here</a>', "link-file"),
        ('<a href="javascript:alert(1)">here</a>', "html-active-link"),
        ('<a href="data:text/html;base64,AAAA">here</a>', "html-active-link"),
        ('<form action="https://evil.example"><input type=password></form>', "html-credential-form"),
        ('<meta http-equiv=refresh content="0;url=https://evil.example">', "html-refresh"),
        ("<iframe src=https://evil.example></iframe>", "html-frame"),
        ("<base href=https://evil.example>", "html-base"),
        ("<img src=x onerror=alert(1)>", "html-handler"),
        ("<script>x()</script>", "html-script"),
        ("<script>var b=new Blob([atob('AAAA')]);a.href=URL.createObjectURL(b)</script>", "html-smuggling"),
        ('<p style="display:none">secret</p>', "html-hidden-text"),
        ("<img src=https://tracker.example/x.gif>", "html-remote"),
        ("<p>Please verify your account <a href=https://a.example>now</a>", "words-of-phishing"),
    ],
)
def test_pages_and_links(markup: str, finding: str) -> None:
    assert finding in found_in(page(f"<html><body>{markup}</body></html>"), OURS)


@pytest.mark.parametrize(
    "markup",
    [
        '<a href="https://www.nhs.net/a">www.nhs.net</a>',
        '<a href="https://login.nhs.net/a">nhs.net</a>',
        '<a href="https://eur.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.gov.uk">www.gov.uk</a>',
        '<a href="mailto:ann@sender.example">ann@sender.example</a>',
        '<a href="https://letters.example/report.pdf">report.pdf</a>',
        "<p>Your appointment is on Monday. Please call us to confirm it.</p>",
        "<!-- <script>x</script> -->",
    ],
)
def test_honest_pages_stay_without_findings(markup: str) -> None:
    assert found_in(page(f"<html><body>{markup}</body></html>"), OURS) == set()


def test_an_attached_page_is_judged_more_strictly() -> None:
    form = b"<html><form action=https://evil.example><input type=password></form></html>"
    assert "html-credential-page" in found_in(attached(form, "login.html", "text/html"))


def sent(author: str, more: str = "") -> bytes:
    return f"From: {author}\r\n{more}To: b@our.example\r\nSubject: x\r\n\r\nhello\r\n".encode()


@pytest.mark.parametrize(
    ("message", "finding"),
    [
        (sent("Ann <ann@nh\u0455.net>"), "from-look-alike"),
        (sent("Ann <ann@nhs.net.evil.example>"), "from-look-alike"),
        (sent('"ann@nhs.net" <x@evil.example>'), "from-name-address"),
        (sent("Payroll Team <x@evil.example>"), "from-name-protected"),
        (sent("=?utf-8?q?P=D0=B0yroll_Team?= <x@evil.example>"), "from-name-protected"),
        (sent("ann@trust.nhs.uk"), "claims-own-domain"),
        (sent("ann@sub.trust.nhs.uk"), "claims-own-domain"),
        (sent("a@a.example", "From: b@b.example\r\n"), "from-several"),
        (sent("a@a.example", "Reply-To: x@gmail.com\r\n"), "reply-freemail"),
        (sent("a@a.example", "Reply-To: x@b.example\r\n"), "reply-elsewhere"),
        (sent(""), "from-missing"),
    ],
)
def test_senders(message: bytes, finding: str) -> None:
    assert finding in found_in(message, OURS)


@pytest.mark.parametrize(
    "author", ["Ann <ann@nhs.net>", "Payroll Team <payroll@trust.nhs.uk>", '"Lee, Ann" <ann@a.example>']
)
def test_honest_senders(author: str) -> None:
    assert found_in(sent(author), OURS) <= {"claims-own-domain"}


def test_first_contact_is_told_only_when_known() -> None:
    assert "first-contact" in found_in(sent("a@a.example"), Context(known_sender=False))
    assert found_in(sent("a@a.example")) == set()


def test_sentences_hold_nothing_that_acts_and_urls_are_listed() -> None:
    inspection = inspect(page("<a href='https://evil\u202e.example/\x1b[31m'>x</a>") + HEAD)
    told = " ".join(finding.sentence for finding in inspection.all_findings) + " ".join(inspection.urls)
    assert "\u202e" not in told
    assert "\x1b" not in told
    assert inspection.urls


def test_the_test_message_for_unsolicited_mail_is_known() -> None:
    line = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*" + b"GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    assert "unsolicited-test" in found_in(HEAD + b"Content-Type: text/plain\r\n\r\nHello\r\n\r\n" + line + b"\r\n")
    assert "unsolicited-test" in found_in(page(f"<p>Hello<p>{line.decode()}"))


def test_a_page_that_is_made_by_a_program_is_no_program() -> None:
    for ending in ("adp", "pl", "py", "php", "cfm"):
        assert "link-program" not in found_in(page(f'<a href="https://shop.example/list.{ending}?n=1">the list</a>'))
    assert "link-program" in found_in(page('<a href="https://shop.example/list.exe">the list</a>'))


def test_a_script_that_no_mail_program_fetches_is_none() -> None:
    remote = '<script src="https://shop.example/a.js"></script><p>Hello'
    assert "html-script" not in found_in(page(remote))
    assert "html-script-attached" in found_in(attached(remote.encode(), "a.html", "text/html"))


def test_pressing_for_a_log_in_elsewhere_is_worth_a_warning() -> None:
    words = "<p>Your mailbox has been suspended. Confirm your account: <a href='https://{}/x'>here</a>"
    assert {"words-of-phishing", "words-lead-elsewhere"} <= found_in(page(words.format("evil.example")))
    assert "words-lead-elsewhere" not in found_in(page(words.format("www.sender.example")))
    assert "words-lead-elsewhere" not in found_in(page("<p>The minutes: <a href='https://evil.example/x'>here</a>"))
