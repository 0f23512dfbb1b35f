"""What `wardmail doctor` says about mail that comes in: listeners, scanners, mailboxes, and what waits for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from wardmail.app.finding import Finding
from wardmail.app.installation import Installation
from wardmail.app.output import counted
from wardmail.model.arrival import ArrivalState
from wardmail.model.sender import Sending
from wardmail.ports import Scanner

_PROBE = b"From: doctor@wardmail.invalid\r\nSubject: probe\r\n\r\nIs anybody there?\r\n"


def receiving(installation: Installation) -> Iterator[Finding]:
    """Nothing, where nothing comes in."""
    sources = installation.register.snapshot().sources.values()
    if not sources and not installation.settings["receive.listen"]:
        return
    yield from _listening(installation)
    yield from _mailboxes(installation)
    yield from _scanners(installation)
    yield from _waiting(installation)


def _listening(installation: Installation) -> Iterator[Finding]:
    listens = bool(installation.settings["receive.listen"])
    wanted = [each.name for each in installation.register.snapshot().sources.values() if each.smtp is not None]
    if wanted and not listens:
        yield Finding("Receiver", "fault", f"nobody listens for source {', '.join(wanted)}", "Set receive.listen.")
    elif listens and not wanted:
        yield Finding("Receiver", "advice", "it takes mail for nobody", "wardmail source add NAME --kind smtp …")
    elif listens:
        yield Finding("Receiver", "good", f"it takes mail for {counted(len(wanted), 'source')}")


def _mailboxes(installation: Installation) -> Iterator[Finding]:
    lines = installation.inbox.mailboxes()
    for source in installation.register.snapshot().sources.values():
        if not source.is_collected or source.paused:
            continue
        line = lines.get(source.name)
        if line is not None and line.problem:
            yield Finding("Mailbox", "fault", f"{source.name}: {line.problem}", f"wardmail source check {source.name}")
        left = len(installation.inbox.problems(source.name))
        if left:
            found = f"{source.name}: {left} messages could not be collected; they lie upstream"
            yield Finding("Mailbox", "fault", found, f"wardmail source show {source.name}")


def _scanners(installation: Installation) -> Iterator[Finding]:
    from wardmail.app.inbound_wiring import make_scanners

    scanners = make_scanners(installation)
    if not scanners:
        yield Finding(
            "Scanners", "advice", "no scanner for malware is set", "Set scan.clamd, scan.rspamd or scan.spamd."
        )
    for scanner in scanners:
        report = asyncio.run(_asked(scanner))
        if report:
            found = f"{scanner.name} gives no answer: {report}; all mail waits for it"
            yield Finding("Scanners", "fault", found, "See that it runs, and that its setting is right.")
        else:
            yield Finding("Scanners", "good", f"{scanner.name} answers")


async def _asked(scanner: Scanner) -> str:
    """Why it gives no answer; empty when it does."""
    try:
        report = await scanner.scan(_PROBE, Sending(), ())
        return report.why or "it says nothing" if report.outcome.value == "unknown" else ""
    finally:
        await scanner.close()


def _waiting(installation: Installation) -> Iterator[Finding]:
    counts = installation.inbox.counts()
    dead, quarantined = counts.get(ArrivalState.DEAD_LETTER.value, 0), counts.get(ArrivalState.QUARANTINED.value, 0)
    if dead:
        yield Finding("Dead letters", "fault", f"{dead} could not be handed over", "wardmail inbound redrive --all …")
    if quarantined:
        what = f"{counted(quarantined, 'message waits', 'messages wait')} for people"
        yield Finding("Quarantine", "advice", what, "wardmail quarantine list")
