"""The daily look at our domains: what came out worse is told, what cannot be told is not, whoever looked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.worlds import SettableClock

from wardmail.assurance.domain_watch import DomainWatch, worsenings
from wardmail.model.own_domain import DomainFinding, DomainReport, Verdict, Worsening
from wardmail.model.retention import A_DAY

GOOD, FIX, IMPROVE, UNUSED, UNKNOWN = Verdict.GOOD, Verdict.FIX, Verdict.IMPROVE, Verdict.NOT_USED, Verdict.UNKNOWN
NOW = 1_800_000_000.0


def look(at: float, spf: Verdict = GOOD, **others: Verdict) -> DomainReport:
    verdicts = {"SPF": spf, **others}
    return DomainReport("a.example", at, tuple(DomainFinding(name, each, "Seen.") for name, each in verdicts.items()))


def told(*looks: DomainReport) -> list[tuple[float, list[tuple[str, Verdict]]]]:
    """The newest first, as the store has them."""
    found = worsenings(looks)
    return [(each.checked_at, [(one.finding.check, one.before) for one in worse]) for each, worse in found]


def test_only_what_became_worse_is_told() -> None:
    assert told(look(2, FIX, DMARC=GOOD), look(1, GOOD, DMARC=IMPROVE)) == [(2, [("SPF", GOOD)])]
    assert told(look(2, UNUSED), look(1, GOOD)) == [(2, [("SPF", GOOD)])], "a policy that is gone is worse"
    assert told(look(2, IMPROVE), look(1, UNUSED)) == []
    assert told(look(1, FIX)) == [], "nobody knows what it was before"
    assert told() == []
    assert told(look(2, GOOD, New=FIX), look(1)) == [], "a new server was never better"


def test_what_cannot_be_told_is_no_worse_and_hides_nothing() -> None:
    assert told(look(2, UNKNOWN), look(1, GOOD)) == []
    assert told(look(3, FIX), look(2, UNKNOWN), look(1, GOOD)) == [(3, [("SPF", GOOD)])]
    assert told(look(3, FIX), look(2, UNKNOWN), look(1, FIX)) == []


@dataclass
class Desk:
    clock: SettableClock
    now_is: Verdict = GOOD
    silent: bool = False
    breaks_at: str = ""
    kept: list[DomainReport] = field(default_factory=list)

    async def history(self, domain: str, limit: int = 20) -> Sequence[DomainReport]:
        return [each for each in reversed(self.kept) if each.domain == domain][:limit]

    async def verify(self, domain: str) -> DomainReport | None:
        if domain == self.breaks_at:
            raise RuntimeError
        if self.silent:
            return None
        self.kept.append(replace(look(self.clock.now(), self.now_is), domain=domain))
        return self.kept[-1]


@dataclass
class Bench:
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))
    told: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = Desk(self.clock)

    async def tell(self, report: DomainReport, worse: Sequence[Worsening]) -> None:
        self.told.append((report.domain, report.checked_at))

    async def sweep(self, after: float = 0.0) -> None:
        self.clock.at += after
        watch = DomainWatch(self.desk, lambda: ("a.example", "b.example"), self.tell, self.clock)  # type: ignore[arg-type]
        await watch.sweep()


async def test_each_domain_is_looked_at_once_a_day() -> None:
    bench = Bench()
    for _ in range(3):
        await bench.sweep(60.0)
    assert sorted(each.domain for each in bench.desk.kept) == ["a.example", "b.example"]
    await bench.sweep(A_DAY)
    assert len(bench.desk.kept) == 4
    assert bench.told == []


async def test_what_a_person_saw_first_is_told_too_and_is_news_for_two_days() -> None:
    bench = Bench()
    await bench.sweep()
    bench.clock.at += 60.0
    bench.desk.now_is = FIX
    await bench.desk.verify("a.example")
    seen = bench.clock.now()
    await bench.sweep(60.0)
    assert bench.told == [("a.example", seen)]
    bench.told.clear()
    await bench.sweep(3 * A_DAY)
    assert ("a.example", seen) not in bench.told


async def test_a_dns_that_does_not_answer_is_asked_again_and_stops_nothing() -> None:
    bench = Bench()
    bench.desk.silent = True
    await bench.sweep()
    assert bench.desk.kept == []
    bench.desk.silent = False
    await bench.sweep(600.0)
    assert len(bench.desk.kept) == 2


async def test_a_domain_whose_look_breaks_hides_no_other() -> None:
    bench = Bench()
    bench.desk.breaks_at = "a.example"
    await bench.sweep()
    assert [each.domain for each in bench.desk.kept] == ["b.example"]
