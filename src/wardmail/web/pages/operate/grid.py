"""A table as a page draws it: text, links and tags, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """`href` makes it a link, `colour` a tag of the design system (green, red …); never both."""

    text: str
    href: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """`caption` is for those who hear the page. A row has as many cells as there are headings."""

    caption: str
    headings: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def cells(*values: object) -> list[Cell]:
    """Each as it is when it is a cell already, else as text."""
    return [each if isinstance(each, Cell) else Cell("" if each is None else str(each)) for each in values]
