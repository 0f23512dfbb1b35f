"""The worker that inspects messages, and may die of one."""

from __future__ import annotations

from wardmail.content.inspection import Context, inspect
from wardmail.content.inspection.catalogue import found
from wardmail.edges.inspection_wire import pack_inspection, unpack_context
from wardmail.edges.worker import serve
from wardmail.model.inspection import Inspection

BROKEN_DOWN = Inspection((), (), (found("inspection-failed"),))
TOO_SLOW = Inspection((), (), (found("budget-time"),))


def inspected(message: bytes, context: Context) -> Inspection:
    """A fault of ours is as little clean as a fault of the message."""
    try:
        return inspect(message, context)
    except (Exception, MemoryError, RecursionError):
        return BROKEN_DOWN


def main() -> None:
    serve(lambda context, message: pack_inspection(inspected(message, unpack_context(context))))


if __name__ == "__main__":
    main()
