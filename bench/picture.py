"""Draws messages a second as bars, in plain SVG without scripts, readable without colour."""

from __future__ import annotations

from statistics import median
from xml.sax.saxutils import escape

from bench.targets import Record, values

_WIDTH, _LEFT, _RIGHT, _ROW, _HEAD = 760, 210, 90, 26, 34
_GROUPS = {
    "w2": "W2: 100 messages a connection",
    "w2e": "W2e: as W2, both signatures and detectors",
    "w2c": "W2c: one message a connection",
}
_OURS, _PEERS = "#005eb8", "#768692"


def draw(record: Record) -> str:
    """The bar is the median of all rounds, the line through its end the least and the most."""
    groups = [(title, _bars(record, workload)) for workload, title in _GROUPS.items() if record["runs"].get(workload)]
    largest = max((high for _, bars in groups for *_, high in bars), default=1.0)
    scale = (_WIDTH - _LEFT - _RIGHT) / largest
    shapes: list[str] = []
    y = 46
    for title, bars in groups:
        shapes.append(_text(12, y + 14, title, weight="bold"))
        y += _HEAD - 8
        for name, middle, low, high in bars:
            shapes += _bar(y, name, (middle, low, high), scale)
            y += _ROW
        y += 12
    return _document(y + 8, _description(groups), shapes)


def _bars(record: Record, workload: str) -> list[tuple[str, float, float, float]]:
    found = []
    for system in record["runs"][workload]:
        rates = values(record, workload, system, "end_to_end_rate")
        found.append((record["titles"][system], median(rates), min(rates), max(rates)))
    return found


def _bar(y: int, name: str, rates: tuple[float, float, float], scale: float) -> list[str]:
    middle, low, high = rates
    colour = _OURS if name.startswith("Wardmail") else _PEERS
    line = y + 9
    return [
        _text(_LEFT - 8, y + 14, name, anchor="end"),
        f'<rect x="{_LEFT}" y="{y}" width="{middle * scale:.1f}" height="18" fill="{colour}"/>',
        f'<path d="M{_LEFT + low * scale:.1f} {line}H{_LEFT + high * scale:.1f}" stroke="#212b32" stroke-width="2"/>',
        _text(_LEFT + high * scale + 8, y + 14, f"{middle:,.0f}/s"),
    ]


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>'


def _description(groups: list[tuple[str, list[tuple[str, float, float, float]]]]) -> str:
    return " ".join(
        f"{title}: " + ", ".join(f"{name} {middle:.0f}" for name, middle, *_ in bars) + "." for title, bars in groups
    )


def _document(height: int, description: str, shapes: list[str]) -> str:
    title = "Messages a second, end to end (higher is better)"
    body = "\n".join(shapes)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" \
aria-labelledby="title description" font-family="Arial, Helvetica, sans-serif" font-size="14" fill="#212b32">
<title id="title">{escape(title)}</title>
<desc id="description">{escape(description)}</desc>
<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>
{_text(12, 26, title, weight="bold")}
{body}
</svg>
"""
