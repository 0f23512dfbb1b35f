"""The parts of an evidence pack that are about mail which came in."""

from __future__ import annotations

from wardmail.manage.document_text import Grid, Section
from wardmail.manage.evidence_tables import moment
from wardmail.model.evidence import MOST_EVENTS, Evidence

_MOST_ROWS = 1000

_WORDS = {
    "QuarantineReleaseProposed": "release proposed",
    "QuarantineReleased": "released",
    "QuarantineReleaseBarred": "release barred by a scanner",
    "QuarantineDeleted": "deleted",
    "QuarantineExpired": "ended, nobody decided",
    "DeadLetterRedriven": "handed over again",
    "MailReplayed": "given again",
    "MailRejected": "rejected",
}


def arrivals(evidence: Evidence) -> Section:
    rows = tuple(
        (count.words[0], count.words[1] or "not judged", count.words[2], f"{count.copies:,}")
        for count in evidence.arrivals
    )
    waiting = sum(count.copies for count in evidence.arrivals if count.words[2] == "quarantined")
    words = (
        f"{sum(count.copies for count in evidence.arrivals):,} messages came in; {waiting:,} of them are in quarantine."
    )
    return Section(
        "Messages that came in",
        (words, Grid(("Integration", "Judged", "State", "Messages"), rows)) if rows else (words,),
    )


def inbound_decisions(evidence: Evidence) -> Section:
    """Releases from quarantine and what else was decided: by whom, when."""
    found = evidence.inbound_decisions
    rows = tuple(
        (moment(each.at), _WORDS.get(each.kind, each.kind), each.actor, each.proposed_by, each.arrival_id)
        for each in found[-_MOST_ROWS:]
    )
    if not rows:
        return Section("Decisions about messages that came in", ("None.",))
    many = f"{len(found):,}{' or more' if len(found) >= MOST_EVENTS else ''}"
    more = (f"The last {_MOST_ROWS:,} of {many}.",) if len(found) > _MOST_ROWS else ()
    headings = ("When", "What", "By", "Proposed by", "Message")
    return Section("Decisions about messages that came in", (*more, Grid(headings, rows)))
