"""Runs the workloads in turn, the systems one after the other in every round, and gathers what they measured."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.accounting import end_left_overs
from bench.calibration import measure_calibration
from bench.ground import Ground, prepared_ground
from bench.load_tools import Load, Sink, compile_tools, running_sink
from bench.machine import describe_machine
from bench.systems.haraka import Haraka
from bench.systems.postfix import Postfix
from bench.systems.system import Running, System, running
from bench.systems.wardmail import Wardmail
from bench.workloads.backlog import measure_backlog
from bench.workloads.decide import measure_decide
from bench.workloads.large import measure_large
from bench.workloads.latency import measure_latency
from bench.workloads.pages import measure_pages
from bench.workloads.receive import measure_receive
from bench.workloads.start import measure_start
from bench.workloads.throughput import measure_flow

WORKLOADS = ("calibrate", "w2", "w2c", "w2e", "latency", "backlog", "large", "receive", "decide", "start", "pages")

# How many messages each system is sent: each run lasts about as long, whatever the system's speed.
FLOWS: Mapping[str, Mapping[str, Load]] = {
    "w2": {"wardmail": Load(8000), "postfix": Load(2500), "haraka": Load(800)},
    "w2c": {
        "wardmail": Load(3000, per_connection=1),
        "postfix": Load(1500, per_connection=1),
        "haraka": Load(500, per_connection=1),
    },
    "w2e": {"wardmail-all": Load(6000)},
}
_WARM_UP = Load(300)
_LATENCY_SYSTEMS = ("wardmail", "postfix")


@dataclass(frozen=True)
class Plan:
    """`share` scales every count of messages: 1 for a measurement, less to try things out."""

    only: frozenset[str] = frozenset(WORKLOADS)
    rounds: int = 3
    full: bool = False
    share: float = 1.0

    def scaled(self, count: int) -> int:
        return max(100, int(count * self.share))

    def load(self, load: Load) -> Load:
        return Load(self.scaled(load.messages), per_connection=load.per_connection)


@dataclass
class Findings:
    """What was measured; `as_record` is what the results file holds."""

    plan: Plan
    machine: dict[str, object]
    titles: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    runs: dict[str, dict[str, list[dict[str, Any]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    single: dict[str, Any] = field(default_factory=dict)

    def as_record(self, seconds: float) -> dict[str, Any]:
        plan = {"rounds": self.plan.rounds, "full": self.plan.full, "share": self.plan.share}
        return {
            "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "minutes": round(seconds / 60, 1),
            "plan": plan | {"only": sorted(self.plan.only)},
            "machine": self.machine,
            "titles": self.titles,
            "missing": self.missing,
            "failures": self.failures,
            "runs": self.runs,
            **self.single,
        }


def measure(plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """Everything that was started has ended when this returns or raises."""
    began = time.monotonic()
    end_left_overs()
    compile_tools()
    with prepared_ground() as ground, running_sink(ground) as sink:
        measurement = _Measurement(plan, tell, ground, sink)
        measurement.install()
        if "calibrate" in plan.only:
            measurement.calibrate()
        for number in range(1, plan.rounds + 1):
            measurement.round(number)
        measurement.once()
        return measurement.findings.as_record(time.monotonic() - began)


class _Measurement:
    def __init__(self, plan: Plan, tell: Callable[[str], None], ground: Ground, sink: Sink) -> None:
        self.plan = plan
        self.findings = Findings(plan, describe_machine(ground.directory))
        self._tell = tell
        self._ground = ground
        self._sink = sink
        self._wardmail = Wardmail(ground, sink.port)
        self._all_on = Wardmail(ground, sink.port, name="wardmail-all", does_all=True)
        self._systems: list[System] = []

    def install(self) -> None:
        for system in (self._wardmail, Postfix(self._ground), self._all_on, Haraka(self._ground)):
            self.findings.titles[system.name] = system.title
            if not (self._work_for(system) or system is self._wardmail):
                continue
            self._tell(f"setting up {system.name}")
            if why := system.missing():
                self.findings.missing[system.name] = why
                self._tell(f"{system.title} is left out: {why}")
                continue
            system.install()
            self._systems.append(system)

    def calibrate(self) -> None:
        self._tell("calibrate: the generator straight into the sink")
        with self._attempt("calibrate"):
            found = measure_calibration(self._ground, self.plan.scaled(10_000))
            self.findings.single["calibration"] = [asdict(one) for one in found]

    def round(self, number: int) -> None:
        for system in self._systems:
            if not self._work_for(system):
                continue
            with self._attempt(f"round {number}, {system.name}"), running(system, self._sink.port) as server:
                by = "control group" if server.processes.counts_by_cgroup else "/proc (no control group could be made)"
                self.findings.machine["cpu_counted_by"] = by
                measure_flow(self._ground, server, self._sink, _WARM_UP)
                for workload in self._work_for(system):
                    self._one(number, workload, server)

    def once(self) -> None:
        single, plan, ground = self.findings.single, self.plan, self._ground
        if "backlog" in plan.only:
            self._tell("backlog: accepting while the upstream is down, then draining")
            with self._attempt("backlog"):
                count = 200_000 if plan.full else 20_000
                single["backlog"] = asdict(measure_backlog(ground, plan.scaled(count)))
        if "large" in plan.only:
            uploads = max(4, int(100 * plan.share))
            self._tell(f"large: {uploads} uploads of 35 MB at the same time")
            with self._attempt("large"), running(self._wardmail, self._sink.port) as server:
                single["large"] = asdict(measure_large(ground, server, self._sink, uploads))
        if "receive" in plan.only:
            self._tell("receive: mail of 24 kB comes in, is proved, inspected and handed over")
            with self._attempt("receive"):
                single["receive"] = asdict(measure_receive(ground, plan.scaled(3000)))
        if "decide" in plan.only:
            self._tell("decide")
            single["decide"] = asdict(measure_decide())
        if "start" in plan.only:
            self._tell("start")
            with self._attempt("start"):
                single["start"] = asdict(measure_start(self._wardmail))
        if "pages" in plan.only:
            messages = plan.scaled(1_000_000)
            self._tell(f"pages: the console with {messages:,} messages stored")
            with self._attempt("pages"):
                single["pages"] = asdict(measure_pages(ground, messages))

    def _work_for(self, system: System) -> list[str]:
        flows = [name for name, loads in FLOWS.items() if system.name in loads]
        latency = ["latency"] if system.name in _LATENCY_SYSTEMS else []
        return [name for name in flows + latency if name in self.plan.only]

    def _one(self, number: int, workload: str, server: Running) -> None:
        runs = self.findings.runs[workload][server.name]
        if workload == "latency":
            latency = measure_latency(self._ground, server, self._sink, self.plan.scaled(1000))
            runs.append(asdict(latency))
            told = f"p50 {latency.p50_ms:.1f} ms, p99 {latency.p99_ms:.1f} ms"
        else:
            flow = measure_flow(self._ground, server, self._sink, self.plan.load(FLOWS[workload][server.name]))
            runs.append(asdict(flow))
            told = (
                f"{flow.end_to_end_rate:.0f}/s end to end, {flow.cpu_ms:.2f} ms CPU, other work {flow.others_share:.0%}"
            )
        self._tell(f"round {number}/{self.plan.rounds}  {workload:<8} {server.name:<13} {told}")

    @contextmanager
    def _attempt(self, what: str) -> Iterator[None]:
        """One failure does not end the whole: it is told, kept in the results, and makes the exit status 1."""
        try:
            yield
        except Exception as error:
            notes = " ".join(getattr(error, "__notes__", ()))
            self.findings.failures.append(f"{what}: {type(error).__name__}: {error} {notes}".strip())
            self._tell(f"FAILED {self.findings.failures[-1]}")
