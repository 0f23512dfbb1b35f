"""Every code that the program can give stands in docs/errors.md, where the `type` of a problem leads."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


def test_the_catalogue_is_as_the_program_says() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "list-errors"))
    assert made["catalogue"]() == WRITTEN, "run scripts/list-errors"


def test_every_code_is_in_it_once_with_words() -> None:
    given = {
        code
        for file in (ROOT / "src").rglob("*.py")
        for code in re.findall(r'"(WM-[A-Z0-9]+(?:-[A-Z0-9]+)*)"', file.read_text(encoding="utf-8"))
    }
    headings = re.findall(r"^### (.+)$", WRITTEN, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert given - set(headings) == {"WM-LIMIT"}
    sections = re.split(r"^### .+\n\n", WRITTEN, flags=re.MULTILINE)[1:]
    assert [each for each in sections if len(each.split("\n\n## ")[0].split()) < 4] == []
