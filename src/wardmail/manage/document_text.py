"""Turns a page into Markdown or HTML; whatever stands in a field stays text, and only https addresses become links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Pairs:
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: tuple[Pairs | Grid | str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    summary: str
    sections: tuple[Section, ...]
    footer: str


NOTHING = "not recorded"
_LINK = re.compile(r"https://[^\s<>\"']{1,2000}").fullmatch
_EVENT = re.compile(r"(?:[A-Z][a-z]+){2,6}").fullmatch
_SHORT = 10
_HUMP = re.compile("(?<=[a-z])(?=[A-Z])")
_MARKUP = re.compile(r"([\\`*_\[\]#|<>~&])")

_STYLE = """
body{font:1rem/1.5 Arial,sans-serif;color:#212b32;background:#fff;max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:2rem;line-height:1.2;overflow-wrap:anywhere}h2{font-size:1.4rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
caption{position:absolute;left:-999rem}
th,td{border-bottom:1px solid #aeb7bd;padding:.4rem .8rem .4rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th,.whole{overflow-wrap:normal}th[scope=row]{width:30%;font-weight:bold}a{color:#005eb8}
footer{margin-top:2rem;border-top:2px solid #212b32;padding-top:.5rem}
@media(max-width:30rem){th,td{font-size:.8rem;padding-right:.4rem}}
@media print{body{max-width:none;padding:0;font-size:10pt}h2{break-after:avoid}tr{break-inside:avoid}}
"""


def to_markdown(page: Page) -> str:
    lines = [f"# {_plain(page.title)}", "", _plain(page.summary), ""]
    for section in page.sections:
        lines += [f"## {_plain(section.title)}", ""]
        for block in section.blocks:
            lines += [*_markdown(block), ""]
    return "\n".join([*lines, "---", "", _plain(page.footer), ""])


def to_html(page: Page) -> str:
    """One file with nothing fetched from anywhere: it may be kept, printed and read by any reader."""
    body = "\n".join(
        f"<section>\n<h2>{escape(section.title)}</h2>\n"
        + "\n".join(_html(block, section.title) for block in section.blocks)
        + "\n</section>"
        for section in page.sections
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(page.title)}</h1>\n<p>{escape(page.summary)}</p>\n{body}\n</main>\n"
        f"<footer><p>{escape(page.footer)}</p></footer>\n</body>\n</html>\n"
    )


def _markdown(block: Pairs | Grid | str) -> Iterator[str]:
    match block:
        case str():
            yield _plain(block)
        case Pairs(rows):
            yield from _markdown_table(("", ""), ((f"**{_plain(name)}**", _cell(value)) for name, value in rows))
        case Grid(headings, rows):
            yield from _markdown_table(headings, (tuple(_cell(each) for each in row) for row in rows))


def _markdown_table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _cell(value: str) -> str:
    return f"<{value}>" if _LINK(value) and "|" not in value else _plain(value)


def _plain(text: str) -> str:
    """Every character that Markdown or HTML gives a meaning is escaped; a line break would end a table."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()) or NOTHING).replace("\\<", "&lt;").replace("\\>", "&gt;")


def _html(block: Pairs | Grid | str, title: str) -> str:
    if isinstance(block, str):
        return f"<p>{escape(block)}</p>"
    caption = f"<caption>{escape(title)}</caption>"
    if isinstance(block, Pairs):
        rows = "\n".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{_html_cell(value)}</td></tr>' for name, value in block.rows
        )
        return f"<table>{caption}\n{rows}\n</table>"
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in block.headings)
    rows = "\n".join("<tr>" + "".join(map(_grid_cell, row)) + "</tr>" for row in block.rows)
    return f"<table>{caption}\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"


def _grid_cell(value: str) -> str:
    """Short words keep their letters together however narrow the page is; hashes and addresses break anywhere."""
    words = _HUMP.sub(" ", value).split() if _EVENT(value) else value.split()
    whole = ' class="whole"' if max(map(len, words), default=0) <= _SHORT else ""
    return f"<td{whole}>{_HUMP.sub('<wbr>', value) if _EVENT(value) else _html_cell(value)}</td>"


def _html_cell(value: str) -> str:
    if _LINK(value):
        return f'<a href="{escape(value)}" rel="noreferrer">{escape(value)}</a>'
    return escape(value) if value else f"<em>{NOTHING}</em>"
