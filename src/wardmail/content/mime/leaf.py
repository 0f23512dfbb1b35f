"""What the reader gives out: one part that a client might show or save, and where it stands in the message."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """`decoded` is in octets over the whole message; `depth` counts multiparts and messages within one another."""

    depth: int = 24
    parts: int = 1000
    decoded: int = 64 * 1024 * 1024
    message: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Leaf:
    """`names` are the readings of the file name, the standard's first; `declared` is empty where nothing is declared.

    `span` are the offsets of the part with its header in the message itself, None within anything encoded.
    `parent` is the type of the multipart around it. A `container` is shown for itself; what is in it follows.
    """

    path: str
    declared: str
    octets: bytes
    names: tuple[str, ...] = ()
    disposition: str = ""
    charset: str = ""
    parent: str = ""
    faults: tuple[str, ...] = ()
    span: tuple[int, int] | None = None
    container: bool = False

    @property
    def is_body(self) -> bool:
        """Whether a client shows it as the text, and does not offer it as a file."""
        return self.declared in _BODIES and self.disposition != "attachment" and not any(self.names)


_BODIES = frozenset(
    {"", "text/plain", "text/html", "text/enriched", "text/richtext", "text", "text/calendar", "text/x-amp-html"}
)


@dataclass(slots=True)
class Spending:
    """What is left of the limits, shared by all readings of a message; `faults` are of no single part."""

    limits: Limits
    parts: int = 0
    decoded: int = 0
    faults: dict[tuple[str, str], None] = field(default_factory=dict)

    def fault(self, finding_id: str, path: str = "") -> None:
        if len(self.faults) < 500:
            self.faults[finding_id, path] = None

    def part(self) -> bool:
        self.parts += 1
        if self.parts > self.limits.parts:
            self.fault("budget-parts")
            return False
        return True

    def octets(self, count: int) -> bool:
        self.decoded += count
        if self.decoded > self.limits.decoded:
            self.fault("budget-octets")
            return False
        return True
