"""What can go wrong at a receiver, acted out: for one address of the sandbox, or for all of them when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wardmail.model.consignment import ConsignedRecipient
from wardmail.model.delivery import AttemptOutcome, Deferred, Delivered, Failed, HandedOn, PeerReply

SIMULATOR_DOMAIN = "sandbox.invalid"
HOST = "sandbox.invalid"
WELL = "well"

_TAKEN = PeerReply(250, "2.0.0", "kept in the sandbox")
_PASSED_ON = PeerReply(250, "2.0.0", "queued for the next server")
_FULL = PeerReply(452, "4.2.2", "The recipient's inbox is full. Please try again later.")
_UNKNOWN = PeerReply(550, "5.1.1", "The email account that you tried to reach does not exist.")
_MALWARE = PeerReply(554, "5.7.1", "A virus was found in the message.")
_NOT_WANTED = PeerReply(550, "5.7.1", "Mail of this kind is not taken here.")
_BUSY = PeerReply(421, "4.3.2", "The service is being maintained. Come back later.")
_DELAYS = 2


@dataclass(frozen=True, slots=True)
class Act:
    """`words` say what is played, as people choose it; `seconds` pass before the receiver answers."""

    words: str
    outcome: AttemptOutcome
    seconds: float = 0.0


def _no_answer_of(why: str, error: str, status: str) -> Deferred:
    return Deferred(why, counts=False, error=error, status=status)


ACTS: Mapping[str, Act] = {
    WELL: Act("Everything works", Delivered(_TAKEN)),
    "certificate-expired": Act(
        "The receiver's certificate has expired",
        _no_answer_of(
            f"No trustworthy TLS with {HOST}: the receiver's certificate has expired.", "WM-TLS-REFUSED", "4.7.5"
        ),
    ),
    "no-tls": Act(
        "The receiver no longer offers encryption",
        _no_answer_of(f"{HOST} does not offer STARTTLS.", "WM-ROUTE-NO-TLS", "4.7.4"),
    ),
    "no-answer": Act(
        "The receiver does not answer",
        _no_answer_of(f"{HOST} does not answer.", "WM-ROUTE-CONNECTION", "4.4.1"),
    ),
    "slow": Act("The receiver is slow", Delivered(_TAKEN), 5.0),
    "busy": Act(
        "The receiver is closed for maintenance",
        Deferred("The server asked to try again later.", _BUSY, status="4.3.2"),
    ),
    "mailbox-full": Act(
        "The recipient's mailbox is full", Deferred("The server asked to try again later.", _FULL, status="4.2.2")
    ),
    "not-wanted": Act(
        "The receiver does not want our mail",
        Failed("The server refused it for good.", _NOT_WANTED, status="5.7.1"),
    ),
    "malware": Act("The receiver finds a virus", Failed("The server refused it for good.", _MALWARE, status="5.7.1")),
    "unknown-address": Act(
        "The address does not exist", Failed("The server refused it for good.", _UNKNOWN, status="5.1.1")
    ),
    "handed-on": Act("A relay takes it, and says no more", HandedOn(_PASSED_ON)),
}

SIMULATORS: Mapping[str, str] = {
    "bounce": "unknown-address",
    "delay": "mailbox-full",
    "full": "mailbox-full",
    "tlsfail": "certificate-expired",
    "virus": "malware",
    "slow": "slow",
    "relay": "handed-on",
}
"""Local part of an address at sandbox.invalid to what is played for it; for delay@ it ends at the third attempt."""


class Stage:
    """What is played for everybody: a word in a file that all processes read. Without it, everything works."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "act"

    def current(self) -> str:
        try:
            name = self._file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeError):
            return WELL
        return name if name in ACTS else WELL

    def choose(self, name: str) -> None:
        """Raises ValueError for what is not in the list, OSError."""
        if name not in ACTS:
            raise ValueError(f"nothing is called {name}")
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.write_text(f"{name}\n", encoding="ascii")
        unfinished.replace(self._file)


async def play(recipient: ConsignedRecipient, chosen: str) -> AttemptOutcome:
    """An address that simulates something does that whatever is chosen."""
    act = ACTS[_simulated(recipient) or chosen]
    if act.seconds:
        await asyncio.sleep(act.seconds)
    return act.outcome


def _simulated(recipient: ConsignedRecipient) -> str:
    if recipient.address.domain != SIMULATOR_DOMAIN:
        return ""
    name = recipient.address.local.lower()
    if name == "delay" and recipient.attempts >= _DELAYS:
        return WELL
    return SIMULATORS.get(name, "")
