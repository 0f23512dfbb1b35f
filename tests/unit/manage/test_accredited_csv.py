"""The accredited list: read whatever its shape, and nothing dropped in silence."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wardmail.manage.accredited_cells import last_day_of_year_from, read_date, read_domain
from wardmail.manage.accredited_csv import AccreditedList, Columns, RefusedList, RowProblem, read_accredited_list
from wardmail.model.accredited import AccreditedEntry
from wardmail.protocol.domain import InvalidDomain

LISTED = date(2026, 5, 1)


def read(text: str | bytes, **options: object) -> AccreditedList:
    content = text if isinstance(text, bytes) else text.encode()
    answer = read_accredited_list(content, listed_on=LISTED, **options)  # type: ignore[arg-type]
    assert isinstance(answer, AccreditedList), answer
    return answer


def refused(text: str | bytes, **options: object) -> RefusedList:
    content = text if isinstance(text, bytes) else text.encode()
    answer = read_accredited_list(content, listed_on=LISTED, **options)  # type: ignore[arg-type]
    assert isinstance(answer, RefusedList), answer
    return answer


MERSEY = AccreditedEntry("merseycare.nhs.uk", "Mersey Care", "RW4", date(2026, 1, 31), date(2026, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "Organisation,ODS code,Domain,Accredited from,Expiry\n"
        "Mersey Care,RW4,merseycare.nhs.uk,31/01/2026,31/12/2026\n",
        "Accredited domain;Accreditation expiry;Accreditation date;Organisation code;Organisation name\r\n"
        "@MerseyCare.nhs.uk;2026-12-31;2026-01-31;RW4;Mersey Care\r\n",
        "\ufeffEmail suffix\tTrust name\tODS\tValid until\tDate approved\n"
        "merseycare.nhs.uk\tMersey Care\tRW4\t31 December 2026\t31-Jan-26\n",
        "Secure e-mail list,,,,\n\nOrganisation,ODS code,Domain,Accredited from,Expiry\n"
        "Mersey Care,RW4,merseycare.nhs.uk,31/01/2026,31/12/2026\n,,,,\n",
        "Organisation,ODS code,Contact email,Domain,Accredited from,Expiry\n"
        "Mersey Care,RW4,it@merseycare.nhs.uk,merseycare.nhs.uk,31.1.2026,2026-12-31T00:00:00\n",
    ],
)
def test_headings_in_any_order_and_words(text: str) -> None:
    answer = read(text)
    assert answer.entries == {"merseycare.nhs.uk": MERSEY}
    assert answer.problems == ()
    assert answer.rows == 1


def test_utf16_and_windows_text() -> None:
    text = "Organisation,Domain\nSt Mary\u2019s,marys.nhs.uk\n"
    for encoded in (text.encode("utf-16"), text.encode("cp1252"), text.encode("utf-8-sig")):
        assert read(encoded).entries["marys.nhs.uk"].organisation == "St Mary\u2019s"


def test_several_domains_in_a_cell_and_in_several_columns() -> None:
    answer = read('Organisation,Domain 1,Domain 2\nX,"a.nhs.uk; @b.nhs.uk\nand c.nhs.uk, *.d.example",e.nhs.uk\n')
    assert list(answer.entries) == ["a.nhs.uk", "b.nhs.uk", "c.nhs.uk", "*.d.example", "e.nhs.uk"]


def test_missing_dates() -> None:
    answer = read("Organisation,Domain,Accredited from\nX,a.nhs.uk,01/03/2026\nY,b.nhs.uk,\n")
    assert answer.entries["a.nhs.uk"].expires == date(2027, 2, 28)
    assert answer.entries["b.nhs.uk"].accredited_on == LISTED
    assert answer.entries["b.nhs.uk"].expires == date(2027, 4, 30)


def test_an_expired_row_without_a_beginning_is_kept_as_expired() -> None:
    answer = read("Organisation,Domain,Expiry\nX,a.nhs.uk,01/03/2024\n")
    assert answer.entries["a.nhs.uk"].expires == date(2024, 3, 1)


def test_of_two_rows_for_a_domain_the_later_expiry_counts() -> None:
    answer = read("Organisation,Domain,Expiry\nX,a.nhs.uk,01/03/2027\nY,a.nhs.uk,01/03/2026\n")
    assert answer.entries["a.nhs.uk"].organisation == "X"


def test_every_bad_row_is_named_with_its_line() -> None:
    answer = read(
        "Organisation,Domain,Accredited from,Expiry\n"
        "A,a.nhs.uk,31/02/2026,\n"
        '"B\nover two lines",,,\n'
        "C,someone@c.nhs.uk,,\n"
        "D,nhs.uk,,\n"
        "E,e.nhs.uk,,soon\n"
        "F,f.nhs.uk,01/03/2026,01/02/2026\n"
        "G,g.nhs.uk,,31/12/2126\n"
        "H,h.nhs.uk gov.uk,,\n",
        forced=True,
    )
    assert [problem.line for problem in answer.problems] == [2, 3, 5, 6, 7, 8, 9, 10]
    words = ["accreditation date", "no domain", "not allowed", "shared by many", "expiry date", "before it begins"]
    words += ["more than two years", "gov.uk is shared"]
    for problem, word in zip(answer.problems, words, strict=True):
        assert word in problem.reason
    assert list(answer.entries) == ["h.nhs.uk"]


def test_too_many_bad_rows_refuse_the_whole_file_unless_forced() -> None:
    text = "Organisation,Domain\n" + "X,a.nhs.uk\n" * 8 + "Y,\nZ,com\n"
    answer = refused(text)
    assert "2 of 10 rows" in answer.reason
    assert answer.problems[0] == RowProblem(10, "The row names no domain.")
    assert len(read(text, forced=True).problems) == 2
    assert len(read(text, most_bad_percent=20).problems) == 2


def test_named_columns() -> None:
    text = "what,when,who\na.nhs.uk,01/02/2026,X\n"
    assert "headings (what, when, who)" in refused(text).reason
    answer = read(text, columns=Columns(domain=("WHAT",), accredited_on="when", organisation="who"))
    assert answer.entries["a.nhs.uk"].accredited_on == date(2026, 2, 1)
    assert "No column of domains" in refused(text, columns=Columns(domain=("absent",))).reason


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "No column of domains"),
        (b"Organisation,Domain\n", "no accredited domain"),
        (b'Organisation,Domain\n"X,a.nhs.uk\n', "not CSV"),
        (b"Organisation,Domain\nX,a.nhs\0.uk\n", "no accredited domain"),
        (b"x" * (8 * 1024 * 1024 + 1), "larger than 8 MiB"),
        (b"Organisation,Domain\n" + b"X,a.nhs.uk\n" * 50_001, "more than 50000 rows"),
    ],
)
def test_files_that_are_refused(content: bytes, words: str) -> None:
    assert words in refused(content).reason


@given(st.binary(max_size=300))
def test_any_bytes_have_an_answer(content: bytes) -> None:
    read_accredited_list(b"Organisation,Domain\n" + content, listed_on=LISTED)
    read_accredited_list(content, listed_on=LISTED)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("31/12/2026", date(2026, 12, 31)),
        ("1/2/26", date(2026, 2, 1)),
        ("2026-02-01 00:00:00", date(2026, 2, 1)),
        ("3rd March 2026", date(2026, 3, 3)),
        ("12/31/2026", None),
        ("2026", None),
        ("3 Foo 2026", None),
        ("١/٢/2026", None),
    ],
)
def test_dates(cell: str, expected: date | None) -> None:
    assert read_date(cell) == expected


def test_a_year_from_a_leap_day() -> None:
    assert last_day_of_year_from(date(2024, 2, 29)) == date(2025, 2, 28)


@pytest.mark.parametrize(
    "domain", ["uk", "com", "nhs.uk", "*.nhs.uk", "gov.uk", "co.uk", "com.au", "nhs.scot", "gmail.com"]
)
def test_shared_names_are_refused(domain: str) -> None:
    assert isinstance(read_domain(domain), InvalidDomain)
