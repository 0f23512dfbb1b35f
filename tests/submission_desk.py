"""A desk and a spool that answer from memory, for everything that tests a listener."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wardmail.model.address import Address
from wardmail.model.identity import Identity
from wardmail.model.integration import Credential, Integration
from wardmail.model.message import Body, Envelope, Submission
from wardmail.model.receipt import Accepted
from wardmail.model.refusal import Refusal, Unavailable
from wardmail.protocol.sasl import SCRAM_ITERATIONS, derive_scram_keys

USERNAME, SECRET = "clinic", "correct horse"
_SALT = b"sixteen octets!!"
_STORED_KEY, _SERVER_KEY = derive_scram_keys(SECRET, _SALT)
CREDENTIAL = Credential(USERNAME, "i-1", b"", _SALT, _STORED_KEY, _SERVER_KEY, SCRAM_ITERATIONS, 0.0)
IDENTITY = Identity(Integration("i-1", "Clinic letters", "smarthost", ("@trust.example",)), CREDENTIAL)
WRONG = Refusal(535, "5.7.8", "User name or secret is wrong", "WM-AUTH-FAILED", "private words")


@dataclass
class FakeDesk:
    """Lets `clinic` send as @trust.example to anybody but nobody@; `down` names a method that is Unavailable."""

    submissions: list[Submission] = field(default_factory=list)
    down: str = ""
    broken: str = ""
    gate: asyncio.Event | None = None

    def new_message_id(self) -> str:
        self._fail("new_message_id")
        return f"M{len(self.submissions) + 1}"

    def now(self) -> float:
        return 1_800_000_000.0

    def authenticate(self, username: str, secret: str, peer: str) -> Identity | Refusal:
        self._fail("authenticate")
        return IDENTITY if (username, secret) == (USERNAME, SECRET) else WRONG

    def credential(self, username: str) -> Credential | None:
        self._fail("credential")
        return CREDENTIAL if username == USERNAME else None

    def by_certificate(self, thumbprint: bytes) -> Credential | None:
        return None

    def admit(self, credential: Credential, peer: str) -> Identity | Refusal:
        return IDENTITY

    def check_sender(self, identity: Identity, sender: Address | None, declared_size: int) -> Refusal | None:
        self._fail("check_sender")
        if sender is None or sender.domain != "trust.example":
            return Refusal(550, "5.7.1", "Not allowed to send as this address", "WM-SENDER", "private words")
        return None

    def check_recipient(self, identity: Identity, envelope: Envelope, recipient: Address) -> Refusal | None:
        self._fail("check_recipient")
        if recipient.local == "nobody":
            return Refusal(550, "5.1.1", "No such recipient", "WM-RECIPIENT", "private words")
        return None

    async def accept(self, submission: Submission) -> Accepted | Refusal:
        if self.gate is not None:
            await self.gate.wait()
        self._fail("accept")
        self.submissions.append(submission)
        return Accepted(submission.id, ())

    def _fail(self, method: str) -> None:
        if method == self.down:
            raise Unavailable("the store", "switched off by a test")
        if method == self.broken:
            raise ValueError("secret words of a message")


@dataclass
class MemorySink:
    """Keeps what was written."""

    spool: FakeSpool
    parts: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        if self.spool.is_full:
            raise Unavailable("spool", "no room")
        time.sleep(self.spool.pause)
        self.parts.append(data)

    def finish(self) -> Body:
        self.spool.finished += 1
        return SpooledBody(tuple(self.parts))

    def discard(self) -> None:
        self.parts.clear()
        self.spool.discarded += 1


@dataclass(frozen=True)
class SpooledBody:
    parts: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.parts))

    def chunks(self) -> Iterator[bytes]:
        return iter(self.parts)

    @property
    def is_spooled(self) -> bool:
        return True


@dataclass
class FakeSpool:
    """`pause` is how long a write takes, in seconds."""

    is_full: bool = False
    finished: int = 0
    discarded: int = 0
    pause: float = 0.0

    def open_sink(self, message_id: str) -> MemorySink:
        return MemorySink(self)

    def open_body(self, name: str, key: bytes) -> Body:
        raise AssertionError("a listener does not read what it stored")

    def remove(self, name: str) -> None:
        raise AssertionError("a listener discards by the sink")

    def names(self, *, older_than: float) -> Sequence[str]:
        return ()


def octets_of(submission: Submission) -> bytes:
    """The message as it was handed in."""
    return submission.head + b"\r\n" + b"".join(submission.body.chunks())
