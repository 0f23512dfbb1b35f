"""Finds the documentation: files that are shipped with the program, and pages that are made of it."""

from __future__ import annotations

from pathlib import Path

from wardmail.app.reference_pages import reference_pages
from wardmail.web.pages.documentation import Library

_PACKAGE = Path(__file__).resolve().parents[1]


def library() -> Library:
    """Empty of files where they were not shipped; then the pages of the program's own are still there."""
    place = _directory()
    texts = {
        str(file.relative_to(place).with_suffix("")): file.read_text(encoding="utf-8") for file in place.rglob("*.md")
    }
    pictures = {file.name: file.read_bytes() for file in place.glob("*.svg")}
    return Library({**texts, **reference_pages()}, pictures)


def _directory() -> Path:
    """Inside the package when it was installed, beside it where it is developed."""
    shipped = _PACKAGE / "documentation"
    return shipped if shipped.is_dir() else _PACKAGE.parents[1] / "docs"
