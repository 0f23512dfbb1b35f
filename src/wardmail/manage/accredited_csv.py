"""Reads the list of accredited organisations from a spreadsheet's CSV, and says what it could not read (SHARE-4)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from wardmail.manage.accredited_cells import domains_in, last_day_of_year_from, read_date, read_domain
from wardmail.model.accredited import AccreditedEntry
from wardmail.protocol.domain import InvalidDomain

LARGEST_FILE = 8 * 1024 * 1024
MOST_ROWS = 50_000
_LONGEST_CELL = 4096
_ROWS_BEFORE_HEADING = 20
_LONGEST_TERM = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True)
class Columns:
    """Headings as they stand in the file, in any case; several columns may hold domains."""

    domain: tuple[str, ...]
    organisation: str = ""
    ods_code: str = ""
    accredited_on: str = ""
    expires: str = ""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with the row that begins at `line` of the file; the first line is 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class AccreditedList:
    """What was read: entries by domain, and every row (or domain in a row) that was not."""

    entries: dict[str, AccreditedEntry]
    problems: tuple[RowProblem, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class RefusedList:
    """Why nothing of the file is used, and what to do."""

    reason: str
    problems: tuple[RowProblem, ...] = ()


def read_accredited_list(
    content: bytes,
    *,
    listed_on: date,
    columns: Columns | None = None,
    most_bad_percent: int = 10,
    forced: bool = False,
) -> AccreditedList | RefusedList:
    """At most 8 MiB and 50,000 rows. `listed_on` stands in for a missing accreditation date; without an expiry an
    accreditation lasts one year; of two rows for one domain the later expiry counts. When more than `most_bad_percent`
    of the rows have a problem, only `forced` goes on.
    """
    if len(content) > LARGEST_FILE:
        return RefusedList(f"The file is larger than {LARGEST_FILE // 1024 // 1024} MiB: is it the accredited list?")
    text = _decoded(content)
    reading = _Reading(listed_on)
    try:
        refusal = _read_rows(_numbered_rows(text), columns, reading)
    except csv.Error as error:
        return RefusedList(f"The file is not CSV: {error}. Save the list as CSV (UTF-8) and try again.")
    problems = tuple(reading.problems)
    if refusal:
        return RefusedList(refusal, problems)
    bad_rows = len({problem.line for problem in problems})
    if not reading.entries:
        return RefusedList("The file names no accredited domain that could be read.", problems)
    if bad_rows * 100 > reading.rows * most_bad_percent and not forced:
        return RefusedList(
            f"{bad_rows} of {reading.rows} rows could not be read, more than {most_bad_percent}%. "
            "Mend the file or name its columns; or force the import to use the other rows.",
            problems,
        )
    return AccreditedList(reading.entries, problems, reading.rows)


@dataclass(slots=True)
class _Reading:
    listed_on: date
    entries: dict[str, AccreditedEntry] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    rows: int = 0


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _numbered_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, with the line on which each begins."""
    start = text[:4096]
    delimiter = max(",;\t|", key=start.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    for cells in reader:
        trimmed = [cell.replace("\u00a0", " ").strip() for cell in cells]
        if any(trimmed):
            yield begins, trimmed
        begins = reader.line_num + 1


def _read_rows(rows: Iterator[tuple[int, list[str]]], columns: Columns | None, reading: _Reading) -> str:
    """Fill `reading`; returns why the whole file is refused, or nothing."""
    layout: dict[str, list[int]] | None = None
    headings: list[str] = []
    skipped = 0
    for line, cells in rows:
        if layout is None:
            layout = _layout_by_name(cells, columns) if columns else _guessed_layout(cells)
            headings = headings if len(headings) >= len(cells) else cells
            skipped += 1
            if skipped > _ROWS_BEFORE_HEADING:
                break
            continue
        reading.rows += 1
        if reading.rows > MOST_ROWS:
            return f"The file has more than {MOST_ROWS} rows: is it the accredited list?"
        reading.problems += [RowProblem(line, reason) for reason in _read_row(cells, layout, reading)]
    if layout is None:
        shown = ", ".join(heading[:40] for heading in headings[:8] if heading)
        return f"No column of domains was found under the headings ({shown}). Name the columns and try again."
    return ""


def _read_row(cells: list[str], layout: dict[str, list[int]], reading: _Reading) -> Iterator[str]:
    """Enter what the row says; yields what is wrong with it."""

    def cell(column: str) -> str:
        return " ".join(cells[index] for index in layout.get(column, ()) if index < len(cells) and cells[index])

    if any(len(text) > _LONGEST_CELL for text in cells):
        yield f"A cell is longer than {_LONGEST_CELL} characters."
        return
    dates = _dates(cell("accredited_on"), cell("expires"), reading.listed_on)
    pieces = domains_in(cell("domain"))
    if isinstance(dates, str):
        yield dates
        return
    if not pieces:
        yield "The row names no domain."
    for piece in pieces:
        domain = read_domain(piece)
        if isinstance(domain, InvalidDomain):
            yield domain.reason
            continue
        known = reading.entries.get(domain)
        if known is None or known.expires < dates[1]:
            reading.entries[domain] = AccreditedEntry(domain, cell("organisation"), cell("ods_code"), *dates)


def _dates(accredited_on: str, expires: str, listed_on: date) -> tuple[date, date] | str:
    begins = read_date(accredited_on) if accredited_on else listed_on
    if begins is None:
        return "The accreditation date cannot be read: write it as 31/12/2026 or 2026-12-31."
    ends = read_date(expires) if expires else last_day_of_year_from(begins)
    if ends is None:
        return "The expiry date cannot be read: write it as 31/12/2026 or 2026-12-31."
    if ends < begins and accredited_on:
        return "The accreditation ends before it begins."
    if ends - max(begins, listed_on) > _LONGEST_TERM:
        return "The expiry is more than two years away, but an accreditation lasts one year."
    return min(begins, ends), ends


def _layout_by_name(cells: list[str], columns: Columns) -> dict[str, list[int]] | None:
    headings = [cell.casefold() for cell in cells]
    wanted = {
        "domain": columns.domain,
        "organisation": (columns.organisation,),
        "ods_code": (columns.ods_code,),
        "accredited_on": (columns.accredited_on,),
        "expires": (columns.expires,),
    }
    named = [name.casefold() for names in wanted.values() for name in names if name]
    if not all(name in headings for name in named):
        return None
    return {column: [headings.index(name.casefold()) for name in names if name] for column, names in wanted.items()}


_HINTS = (
    ("expires", ("expir", "renew", "until", "ends", "end date", "valid to", "review")),
    ("domain", ("domain",)),
    ("mail", ("email", "e mail", "suffix")),
    ("ods_code", ("ods", "code")),
    ("organisation", ("organi", "provider", "supplier", "trust", "name")),
    ("accredited_on", ("accredit", "from", "start", "approved", "issued", "date")),
)
"""Looked at in this order, so that `Accredited domain` is a domain and `Accreditation expiry` an expiry."""


def _guessed_layout(cells: list[str]) -> dict[str, list[int]] | None:
    layout: dict[str, list[int]] = {}
    for index, cell in enumerate(cells):
        heading = re.sub(r"[^a-z]+", " ", cell.lower()).strip()
        column = next((column for column, hints in _HINTS if any(hint in heading for hint in hints)), None)
        if column and (column == "domain" or column not in layout):
            layout.setdefault(column, []).append(index)
    if "mail" in layout:
        layout.setdefault("domain", layout.pop("mail"))
    return layout if "domain" in layout and (len(layout) > 1 or len(cells) == 1) else None
