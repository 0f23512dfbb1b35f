"""`python -m bench`: measures Wardmail beside its peers and writes bench/results."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from bench.measuring import WORKLOADS, Plan, measure
from bench.report import RESULTS, render, write_results, write_trial
from bench.targets import judge

_EPILOG = """\
workloads: w2, w2c, w2e  streams of submissions, end to end (see bench/results/README.md)
           latency       100 messages a second offered: final dot to 250
           backlog       upstream down while 20,000 messages are accepted, then the drain
           large         100 uploads of 35 MB at the same time: memory
           receive       24 kB messages from other servers, proved, inspected, handed over
           decide        policy decisions and address checks on one processor
           start         time to the first 220; `wardmail --help`
           pages         the console's pages over HTTPS with a million messages stored
           calibrate     the load generator straight into the sink
"""


def main() -> int:
    """0: all was measured; 1: something failed; 130: interrupted."""
    options = _options()
    if options.render:
        render(options.render)
        return 0
    signal.signal(signal.SIGTERM, _interrupt)
    only = frozenset({"calibrate"} if options.calibrate else options.only)
    plan = Plan(only, 1 if options.quick else options.rounds, options.full, 0.05 if options.quick else 1.0)
    try:
        record = measure(plan, _teller())
    except KeyboardInterrupt:
        print("Interrupted; everything that was started has been ended.", file=sys.stderr)
        return 130
    # A trial must not replace the figures of a measurement.
    keeps = not options.quick and only == frozenset(WORKLOADS)
    print(write_results(record) if keeps else write_trial(record))
    _print_summary(record)
    return 1 if record["failures"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m bench",
        description="Measure Wardmail beside Postfix + OpenDKIM and Haraka on this machine. Everything runs privately, on "
        "loopback, from a temporary directory, and is ended afterwards. Only a whole measurement is written to bench/results.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", type=_workloads, default=WORKLOADS, metavar="NAMES", help="workloads, as w2,w2c")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often the systems take turns (3)")
    parser.add_argument("--full", action="store_true", help="200,000 messages in the backlog")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the messages, once: to try it out")
    parser.add_argument("--calibrate", action="store_true", help="only the tools by themselves")
    parser.add_argument(
        "--render", type=Path, metavar="JSON", help=f"only write {RESULTS.name}/README.md and the picture anew"
    )
    return parser.parse_args()


def _workloads(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in WORKLOADS]:
        raise argparse.ArgumentTypeError(f"no workload {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    return names


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _teller() -> Callable[[str], None]:
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - began:6.1f} s] {text}", file=sys.stderr, flush=True)

    return tell


def _print_summary(record: dict[str, object]) -> None:
    for verdict in judge(record):
        sign = ">=" if verdict.at_least else "<="
        result = "met" if verdict.is_met else f"MISSED by {verdict.missed_by:.0%}"
        wanted = f"{sign} {verdict.target:g} {verdict.unit}"
        print(f"{verdict.workload:<8} {verdict.what:<70} {verdict.value:>10.2f} {wanted:<14} {result}")


if __name__ == "__main__":
    sys.exit(main())
