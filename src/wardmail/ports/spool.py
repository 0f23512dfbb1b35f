"""Where large bodies are kept while they arrive, and afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wardmail.model.message import Body


class BodySink(Protocol):
    """Where a large body goes while it arrives. All three methods may block: call them from a thread."""

    def write(self, data: bytes) -> None: ...

    def finish(self) -> Body:
        """Flush to stable storage and return what can be read back. Raises Unavailable; then nothing is kept."""
        ...

    def discard(self) -> None: ...


class Spool(Protocol):
    def open_sink(self, message_id: str) -> BodySink:
        """Raises Unavailable when there is no room."""
        ...

    def open_body(self, name: str, key: bytes) -> Body:
        """The body that a sink's `finish` returned with this name and key, in this or an earlier process."""
        ...

    def remove(self, name: str) -> None: ...

    def names(self, *, older_than: float) -> Sequence[str]:
        """Bodies last written before that time; what was left unfinished is removed on the way."""
        ...
