"""The project's targets, and whether a measurement meets them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """`target` is a floor where `at_least`, else a ceiling. `spread` is the least and the most over the rounds."""

    workload: str
    what: str
    value: float
    target: float
    at_least: bool
    unit: str = ""
    spread: tuple[float, float] | None = None

    @property
    def is_met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def missed_by(self) -> float:
        """A share of the target."""
        return abs(self.value - self.target) / self.target


def judge(record: Record) -> list[Verdict]:
    """Only what was measured."""
    return [*_flows(record), *_latency(record), *_backlog(record), *_single(record)]


def values(record: Record, workload: str, system: str, name: str) -> list[float]:
    return [run[name] for run in record["runs"].get(workload, {}).get(system, [])]


def ratios(record: Record, workload: str, system: str, peer_workload: str) -> list[float]:
    """Round by round beside Postfix, so that what slows the machine for a while slows both."""
    ours = values(record, workload, system, "end_to_end_rate")
    theirs = values(record, peer_workload, "postfix", "end_to_end_rate")
    return [our / their for our, their in zip(ours, theirs, strict=False)]


def _flows(record: Record) -> Iterator[Verdict]:
    for workload, system, peer_workload, target in (
        ("w2", "wardmail", "w2", 5.0),
        ("w2e", "wardmail-all", "w2", 4.0),
        ("w2c", "wardmail", "w2c", 3.0),
    ):
        if found := ratios(record, workload, system, peer_workload):
            what = f"end to end, beside tuned Postfix + OpenDKIM on {peer_workload.upper()}"
            yield Verdict(workload, what, median(found), target, True, "×", (min(found), max(found)))
    if cpu := values(record, "w2", "wardmail", "cpu_ms"):
        yield Verdict("w2", "CPU a message", median(cpu), 1.5, False, "ms", (min(cpu), max(cpu)))


def _latency(record: Record) -> Iterator[Verdict]:
    disk = record["machine"]["fsync_ms"]
    for name, target in (("p50_ms", 5.0), ("p99_ms", 30.0)):
        if found := values(record, "latency", "wardmail", name):
            what = f"{name[:3]} from the final dot to 250, less the disk's own {disk:.1f} ms"
            spread = (min(found) - disk, max(found) - disk)
            yield Verdict("latency", what, median(found) - disk, target, False, "ms", spread)


def _backlog(record: Record) -> Iterator[Verdict]:
    if not (found := record.get("backlog")):
        return
    yield Verdict(
        "backlog", "accept rate, full by empty queue", found["full_rate"] / found["empty_rate"], 0.9, True, "×"
    )
    memory = found["full_memory_mb"] / found["empty_memory_mb"]
    yield Verdict("backlog", "memory, full by empty queue", memory, 1.1, False, "×")
    if rates := values(record, "w2", "wardmail", "end_to_end_rate"):
        yield Verdict("backlog", "drain, by the rate of W2", found["drain_rate"] / median(rates), 0.9, True, "×")


def _single(record: Record) -> Iterator[Verdict]:
    if found := record.get("large"):
        yield Verdict("large", "most memory of one process", found["peak_mb"], 300.0, False, "MB")
    if found := record.get("receive"):
        what = "24 kB with an attachment, proved, inspected and handed over"
        yield Verdict("receive", what, found["end_to_end_rate"], 100.0, True, "/s")
    if found := record.get("decide"):
        yield Verdict("decide", "decisions", found["decisions"], 50_000.0, True, "/s")
        yield Verdict("decide", "address checks", found["address_checks"], 200_000.0, True, "/s")
    if found := record.get("start"):
        yield Verdict("start", "to the first 220", found["first_greeting_s"], 2.0, False, "s")
        yield Verdict("start", "`wardmail --help`", found["help_ms"], 150.0, False, "ms")
    if found := record.get("pages"):
        yield Verdict("pages", "p95 of the console's pages", found["p95_ms"], 100.0, False, "ms")
