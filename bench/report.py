"""Writes a measurement down: the data, the page that explains it, and the picture."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

from bench.ground import WORK
from bench.machine import machine_name
from bench.picture import draw
from bench.targets import Record, Verdict, judge, values

RESULTS = Path(__file__).resolve().parent / "results"
NOTES = RESULTS / "notes.md"

_WORKLOADS = {
    "w2": "**W2**: STARTTLS (TLS 1.3) and log-in, 50 sessions, 100 messages a connection",
    "w2c": "**W2c**: as W2, one message a connection",
    "w2e": "**W2e**: as W2, with both signatures and the detectors on the text",
}

_METHOD = """\
## How it is measured

* The generator and the sink (`bench/load`, C) run on the same processors as the system under test; their CPU is in the table.
* Every system does the same work: a message of 11 kB comes in over TLS 1.3 from a client that has logged in, gets an RSA-2048
  DKIM signature, is on disk before the 250, and leaves over TLS with a verified name. The end is when the sink has
  counted all; it is checked that every accepted message arrived, once, and signed. Wardmail seals content and decides for each
  recipient on W2 too.
* The systems take turns in every round; the first {warm_up} messages after a start do not count; figures are medians with least
  and most. Ratios are made round by round.
* CPU is that of all processes of a system, ended ones included, by control group (cgroup v2), or from `/proc` where no
  group can be made. Memory counts shared pages once.
* "Other work" is what programs that have nothing to do with the measurement took of all processors.
* Postfix is tuned: no in-flow delay, 100 processes, 50 couriers, TLS connections used again. Haraka has one worker a processor.

Repeat it with `make bench`; `python -m bench --help` tells about parts of it. Absolute figures depend on the machine: quote
ratios.
"""


def write_results(record: Record) -> Path:
    """Returns the data file."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{record['taken_at'][:10]}-{machine_name()}.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    render(path)
    return path


def write_trial(record: Record) -> Path:
    """A part or a trial is kept apart from the measurements."""
    path = WORK / "trial.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    return path


def render(path: Path) -> None:
    """Write the page and the picture anew from a data file."""
    record = json.loads(path.read_text())
    (RESULTS / "README.md").write_text(page(record, path.name))
    (RESULTS / "throughput.svg").write_text(draw(record))


def page(record: Record, data_file: str) -> str:
    parts = [
        "# Benchmark results\n",
        _machine(record, data_file),
        _verdicts(judge(record)),
        "![Messages a second, end to end](throughput.svg)\n" if record["runs"].get("w2") else "",
        *(_flow(record, workload) for workload in _WORKLOADS if record["runs"].get(workload)),
        _latency(record),
        _others(record),
        _calibration(record),
        NOTES.read_text() if NOTES.exists() else "",
        _METHOD.format(warm_up=300),
    ]
    return "\n".join(part for part in parts if part)


def _machine(record: Record, data_file: str) -> str:
    machine, plan = record["machine"], record["plan"]
    optimised = "" if machine["python_optimised"] else ", built without profile-guided optimisation"
    lines = [
        f"{record['taken_at']} · {machine['processors']} × {machine['processor']}, {machine['memory_gb']} GB · "
        f"{machine['system']}, Linux {machine['kernel']} · Python {machine['python']}{optimised} · {machine['openssl']} · "
        f"Postfix {machine['postfix'] or 'absent'} · {machine['opendkim'] or 'no OpenDKIM'} · "
        f"fsync {machine['fsync_ms']} ms · CPU by {machine.get('cpu_counted_by', 'nothing')} · "
        f"{plan['rounds']} rounds in {record['minutes']} minutes · [data]({data_file})\n"
    ]
    lines += [f"* {record['titles'][name]} was left out: {why}" for name, why in record["missing"].items()]
    lines += [f"* **Failed**: {failure.splitlines()[0]}" for failure in record["failures"]]
    return "\n".join(lines) + "\n"


def _verdicts(verdicts: list[Verdict]) -> str:
    rows = ["## Targets\n", "| workload | what | target | measured | |", "|---|---|---|---|---|"]
    for verdict in verdicts:
        sign = "≥" if verdict.at_least else "≤"
        spread = f" ({_number(verdict.spread[0])}–{_number(verdict.spread[1])})" if verdict.spread else ""
        result = "met" if verdict.is_met else f"**missed by {verdict.missed_by:.0%}**"
        rows.append(
            f"| {verdict.workload.upper()} | {verdict.what} | {sign} {_number(verdict.target)} {verdict.unit} "
            f"| {_number(verdict.value)}{spread} {verdict.unit} | {result} |"
        )
    return "\n".join(rows) + "\n"


def _flow(record: Record, workload: str) -> str:
    rows = [
        f"## {_WORKLOADS[workload]}\n",
        "| system | accepted/s | end to end/s | CPU ms/message | memory MB | p50 ms | p99 ms "
        "| generator CPU ms | sink CPU ms | other work |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for system in record["runs"][workload]:
        cells = [
            _spread(values(record, workload, system, name))
            for name in ("accepted_rate", "end_to_end_rate", "cpu_ms", "memory_mb", "p50_ms", "p99_ms")
        ]
        cells += [_number(median(values(record, workload, system, f"{tool}_cpu_ms"))) for tool in ("generator", "sink")]
        cells.append(f"{max(values(record, workload, system, 'others_share')):.0%}")
        rows.append(f"| {record['titles'][system]} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _latency(record: Record) -> str:
    if not (runs := record["runs"].get("latency")):
        return ""
    rows = [
        "## **LATENCY**: 100 messages a second, final dot to 250\n",
        "| system | p50 ms | p90 ms | p99 ms | most ms |",
    ]
    rows.append("|---|---|---|---|---|")
    for system in runs:
        cells = [_spread(values(record, "latency", system, name)) for name in ("p50_ms", "p90_ms", "p99_ms", "max_ms")]
        rows.append(f"| {record['titles'][system]} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _others(record: Record) -> str:
    rows = []
    if found := record.get("backlog"):
        rows.append(
            f"* **BACKLOG**: {found['messages']:,} messages with the upstream down: {found['empty_rate']:.0f}/s into an empty "
            f"queue, {found['full_rate']:.0f}/s into a full one; {found['empty_memory_mb']:.0f} and "
            f"{found['full_memory_mb']:.0f} MB; the first left {found['reopened_s']:.0f} s after the "
            f"upstream was back; drained at {found['drain_rate']:.0f}/s with {found['drain_cpu_ms']:.2f} ms CPU "
            f"each, after {found['flushes']} × `queue flush`."
        )
    if found := record.get("large"):
        rows.append(
            f"* **LARGE**: {found['uploads']} uploads of {found['size_mb']:.0f} MB at the same time: {found['peak_mb']:.0f} MB "
            f"in the largest process; {found['seconds']:.0f} s, {found['megabytes_per_second']:.0f} MB/s to the sink."
        )
    if found := record.get("receive"):
        rows.append(
            f"* **RECEIVE**: {found['messages']:,} messages of {found['octets'] / 1000:.0f} kB with an attachment from another "
            f"server, proved by SPF, DKIM and DMARC from a warm DNS cache, inspected and handed over: "
            f"{found['end_to_end_rate']:.0f}/s with {found['cpu_ms']:.1f} ms CPU each; final dot to 250 "
            f"{found['p50_ms']:.0f} ms (p99 {found['p99_ms']:.0f} ms) under full load; {found['memory_mb']:.0f} MB."
        )
    if found := record.get("decide"):
        rows.append(
            f"* **DECIDE**, one processor: {found['decisions']:,.0f} decisions/s, {found['address_checks']:,.0f} address "
            f"checks/s as typed, {found['standings']:,.0f}/s once parsed."
        )
    if found := record.get("start"):
        rows.append(
            f"* **START**: first 220 after {found['first_greeting_s']:.2f} s; `wardmail --help` in {found['help_ms']:.0f} ms."
        )
    if found := record.get("pages"):
        path, slowest = next(iter(found["slowest_ms"].items()))
        rows.append(
            f"* **PAGES**, with {found['messages']:,} messages stored: p95 {found['p95_ms']:.0f} ms over HTTPS, searches "
            f"included; the slowest, `{path}`, {slowest:.0f} ms."
        )
    return "## Other workloads\n\n" + "\n".join(rows) + "\n" if rows else ""


def _calibration(record: Record) -> str:
    if not (found := record.get("calibration")):
        return ""
    rows = [
        "## The tools by themselves\n",
        "The generator straight into the sink, by the work of W2 and W2c: no system can be faster than that on this machine. "
        f"{_headroom(record)}Where independent tools are at hand they are crossed with ours.\n",
        "| generator | sink | messages a connection | messages/s | generator CPU ms |",
        "|---|---|---|---|---|",
    ]
    for one in found:
        cells = (
            one["generator"],
            one["sink"],
            one["per_connection"],
            f"{one['rate']:,.0f}",
            _number(one["generator_cpu_ms"]),
        )
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(rows) + "\n"


def _headroom(record: Record) -> str:
    """How near the fastest system came to the tools by themselves."""
    said = ""
    for workload, per_connection in (("w2", 100), ("w2c", 1)):
        rates = [median(values(record, workload, name, "end_to_end_rate")) for name in record["runs"].get(workload, {})]
        alone = [
            one["rate"]
            for one in record["calibration"]
            if (one["generator"], one["sink"], one["per_connection"]) == ("ours", "ours", per_connection)
        ]
        if rates and alone:
            said += f"The fastest system on {workload.upper()} came to {max(rates) / alone[0]:.0%} of it. "
    return said


def _spread(numbers: list[float]) -> str:
    """Median, and least and most where there are several."""
    if len(numbers) < 2:
        return "".join(map(_number, numbers))
    return f"{_number(median(numbers))} ({_number(min(numbers))}–{_number(max(numbers))})"


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
