"""How a command fails: what happened, what to do, a stable code, and an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wardmail.model.refusal import Refusal

FAILED, USAGE, FINDINGS, NOT_PERMITTED, NOT_FOUND, CONFLICT, TRY_LATER = 1, 2, 3, 4, 5, 6, 75
"""Exit statuses besides 0."""


class CommandFailed(Exception):
    """Told to a person on stderr (or as JSON), never as a traceback."""

    def __init__(self, code: str, what: str, to_do: str, status: int = FAILED) -> None:
        super().__init__(f"{what} {to_do}")
        self.code = code
        self.what = what
        self.to_do = to_do
        self.status = status


class FaultyRecord(CommandFailed):
    """`faults` are places in the record, as `limits.connections` and `senders[0]`, and what is wrong there."""

    def __init__(self, what: str, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("WM-RECORD", what, "Nothing was changed. Mend it and try again.", USAGE)
        self.faults = faults


def refused(refusal: Refusal, *, tried: bool = False) -> CommandFailed:
    """A submission that the walk turned away, for now or for good; `tried`: without a word of it in the audit."""
    if refusal.is_temporary:
        to_do, status = (
            "Nothing was sent or kept. Try again later; `wardmail status` says how the gateway is.",
            TRY_LATER,
        )
    else:
        more = "" if tried else " `wardmail audit list --json` tells more of why."
        to_do, status = f"Nothing was sent or kept.{more}", NOT_PERMITTED
    return CommandFailed(refusal.error, f"Not accepted: {refusal.public}.", to_do, status)


def not_permitted(reason: str) -> CommandFailed:
    return CommandFailed("WM-NOT-PERMITTED", reason, "See `wardmail person roles`.", NOT_PERMITTED)


def not_found(kind: str, name: str, see: str) -> CommandFailed:
    return CommandFailed(
        f"WM-{kind.upper().replace(' ', '-')}-NOT-FOUND", f"There is no {kind} {name}.", f"See `{see}`.", NOT_FOUND
    )
