"""Charts as pages draw them: where each bar stands and what it says. Pure; `charts.jinja` draws, without style or script.

Each series has a pattern as well as a colour, and beside each chart stands a table that says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 920
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 34, 30
_HEIGHT = 260
_LINES = 4
_ROW = 32
_NAMES, _NUMBERS = 250, 170
_TREE_ROW, _LONGEST_TERM = 36, 56


@dataclass(frozen=True, slots=True)
class Series:
    """`look` is solid, stripes, dots or crosses. One value for each label."""

    name: str
    look: str
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    look: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Words at a place."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Box:
    """A line of a tree: words in a frame, a note beside it, and the way up to the line that it belongs to."""

    x: float
    y: float
    width: float
    words: str
    note: str
    look: str
    up: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """`title` and `words` are for those who hear it; `lines` are heights with what they stand for."""

    id: str
    title: str
    words: str
    height: int
    bars: tuple[Bar, ...] = ()
    lines: tuple[Mark, ...] = ()
    labels: tuple[Mark, ...] = ()
    numbers: tuple[Mark, ...] = ()
    legend: tuple[tuple[float, str, str], ...] = ()
    boxes: tuple[Box, ...] = ()
    width: int = WIDTH


def stacked(name: str, title: str, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """A bar for each label, the series one upon the other."""
    totals = [sum(each.values[n] for each in series) for n in range(len(labels))]
    top = _round_up(max(totals, default=0))
    room, step = _HEIGHT - _TOP - _BOTTOM, (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    bars: list[Bar] = []
    for n in range(len(labels)):
        y = float(_HEIGHT - _BOTTOM)
        for each in series:
            height = each.values[n] * room / top
            y -= height
            if height:
                bars.append(
                    Bar(_near(_LEFT + (n + 0.12) * step), _near(y), _near(0.76 * step), _near(height), each.look)
                )
    steps = sorted({top * k // _LINES for k in range(_LINES + 1)})
    return Chart(
        name,
        title,
        "; ".join(f"{label}: {total:,}" for label, total in zip(labels, totals, strict=True)) + ".",
        _HEIGHT,
        tuple(bars),
        tuple(Mark(_LEFT, _near(_HEIGHT - _BOTTOM - at * room / top), f"{at:,}") for at in steps),
        tuple(Mark(_near(_LEFT + (n + 0.5) * step), _HEIGHT - 10, label) for n, label in enumerate(labels)),
        legend=_legend(series),
    )


def shares(name: str, title: str, rows: Sequence[tuple[str, Sequence[int]]], looks: Sequence[tuple[str, str]]) -> Chart:
    """A bar of full length for each row, cut by its values; the number is the share of the first of `looks`."""
    room = WIDTH - _NAMES - _NUMBERS
    bars: list[Bar] = []
    labels, numbers, words = [], [], []
    for n, (label, values) in enumerate(rows):
        total, x, y = max(1, sum(values)), float(_NAMES), n * _ROW + _TOP
        for value, (_, look) in zip(values, looks, strict=True):
            length = value * room / total
            if length:
                bars.append(Bar(_near(x), y, _near(length), 20, look))
            x += length
        said = f"{values[0] / total:.1%} of {sum(values):,}"
        labels.append(Mark(_NAMES - 10, y + 15, _short(label)))
        numbers.append(Mark(WIDTH - _NUMBERS + 10, y + 15, said))
        words.append(f"{label}: {said}")
    legend = _legend([Series(each, look, ()) for each, look in looks])
    height = len(rows) * _ROW + _TOP
    text = "; ".join(words) + "."
    return Chart(name, title, text, height, tuple(bars), (), tuple(labels), tuple(numbers), legend)


def tree(name: str, title: str, lines: Sequence[tuple[int, str, str, str]], *, is_over: bool) -> Chart:
    """`lines` are depth, words, note and problem, as they are read from above; each belongs to the last less deep one."""
    boxes: list[Box] = []
    last: dict[int, float] = {}
    for n, (depth, words, note, problem) in enumerate(lines):
        y, shown = n * _TREE_ROW + 6.0, words if len(words) <= _LONGEST_TERM else f"{words[: _LONGEST_TERM - 1]}…"
        look = "bad" if problem or (is_over and not depth) else "good"
        said = ", ".join(filter(None, (note, problem)))
        boxes.append(Box(8.0 + depth * 34, y, _near(18 + 8.7 * len(shown)), shown, said, look, last.get(depth - 1)))
        last[depth] = y
    words_of_all = "; ".join(
        f"{words}: {note or problem}" if note or problem else words for _, words, note, problem in lines
    )
    return Chart(name, title, f"{words_of_all}.", len(lines) * _TREE_ROW + 8, boxes=tuple(boxes))


def _legend(series: Sequence[Series]) -> tuple[tuple[float, str, str], ...]:
    found, x = [], float(_LEFT)
    for each in series:
        found.append((_near(x), each.name, each.look))
        x += 52 + 9.0 * len(each.name)
    return tuple(found)


def _round_up(most: int) -> int:
    """To a number that four lines divide: 4, 8, 20, 40, 80, 200, 400 …"""
    top = 4
    while top < most:
        top = top * 2 if str(top)[0] != "8" else top // 8 * 20
    return top


def _near(value: float) -> float:
    return round(value, 1)


def _short(label: str) -> str:
    return label if len(label) <= 28 else f"{label[:27]}…"
