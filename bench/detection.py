"""`python -m bench.detection`: what the inspection makes of public corpora; writes bench/results/detection.md."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.corpora import CORPORA, Corpus, messages
from wardmail.app.scanning import Terms, record_of
from wardmail.content.inspection import Context
from wardmail.edges.inspection_worker import inspected

REPORT = Path(__file__).parent / "results" / "detection.md"
_MOST_REASONS = 4
_INTRODUCTION = """\
# What is found, and what is found wrongly

`python -m bench.detection` has each message inspected as `wardmail scan` does: without ClamAV, Rspamd or SpamAssassin, and
without names of one's own to protect. A warning is a header field that the application sees; what is kept back waits for a
person. Mail of the turn of the century stands for harmless mail and for spam, because nobody may pass on a newer collection.
"""


@dataclass(frozen=True)
class Judged:
    corpus: Corpus
    actions: Counter[str]
    reasons: Counter[str]
    seconds: float

    @property
    def all(self) -> int:
        return self.actions.total()

    def share(self, *actions: str) -> str:
        count = sum(self.actions[each] for each in actions)
        return f"{count} ({100 * count / max(self.all, 1):.1f} %)"


def judge(corpus: Corpus) -> Judged:
    actions, reasons = Counter[str](), Counter[str]()
    began = time.monotonic()
    for _, octets in messages(corpus):
        record = record_of(inspected(octets, Context()), Terms())
        actions[record["action"]] += 1
        if record["action"] != "accept":
            found = [*record["findings"], *(each for part in record["parts"] for each in part["findings"])]
            reasons.update({each["id"] for each in found if each["weight"]})
    return Judged(corpus, actions, reasons, time.monotonic() - began)


def report(judged: list[Judged]) -> Iterator[str]:
    yield _INTRODUCTION
    for harmless, title in ((True, "Harmless"), (False, "Unsolicited, hostile, or not to be looked into")):
        yield f"## {title}\n"
        yield "| corpus | messages | accepted | warned | kept back | most often for |"
        yield "|---|---|---|---|---|---|"
        yield from (_row(each) for each in judged if each.corpus.harmless is harmless)
        yield ""


def _row(judged: Judged) -> str:
    often = ", ".join(f"`{name}` {count}" for name, count in judged.reasons.most_common(_MOST_REASONS))
    cells = (
        judged.corpus.title,
        f"{judged.all:,}",
        judged.share("accept"),
        judged.share("warn"),
        judged.share("quarantine", "refuse", "strip"),
        often,
    )
    return f"| {' | '.join(cells)} |"


def main() -> int:
    judged = []
    for corpus in CORPORA:
        judged.append(judge(corpus))
        rate = judged[-1].all / max(judged[-1].seconds, 0.001)
        print(f"{corpus.title}: {judged[-1].all:,} messages, {rate:,.0f} a second", file=sys.stderr, flush=True)
    REPORT.write_text("\n".join(report(judged)))
    print(REPORT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
