"""The worker that inspects messages one after another, with little memory and little time, and may die of one.

Standard input brings frames (two lengths, a context, a message); each is answered on standard output (a length, an inspection).
"""

from __future__ import annotations

import resource
import struct
import sys
from typing import BinaryIO

from wardmail.content.inspection import Context, inspect
from wardmail.content.inspection.catalogue import found
from wardmail.edges.inspection_wire import pack_inspection, unpack_context
from wardmail.model.inspection import Inspection

REQUEST, ANSWER = struct.Struct("!LQ"), struct.Struct("!Q")
BROKEN_DOWN = Inspection((), (), (found("inspection-failed"),))
TOO_SLOW = Inspection((), (), (found("budget-time"),))


def inspected(message: bytes, context: Context) -> Inspection:
    """A fault of ours is as little clean as a fault of the message."""
    try:
        return inspect(message, context)
    except (Exception, MemoryError, RecursionError):
        return BROKEN_DOWN


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        context_size, size = REQUEST.unpack(head)
        context = unpack_context(requests.read(context_size))
        answer = pack_inspection(inspected(requests.read(size), context))
        answers.write(ANSWER.pack(len(answer)) + answer)
        answers.flush()


def main() -> None:
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
