"""An inspection worker that breaks in the way that its message names."""

from __future__ import annotations

import os
import sys
import time

from wardmail.content.inspection import Context, inspect
from wardmail.edges import inspection_worker, worker
from wardmail.model.inspection import Inspection

_inspected = inspection_worker.inspected


def _breaking(message: bytes, context: Context) -> Inspection:
    match message:
        case b"crash":
            os.abort()
        case b"hang":
            time.sleep(60)
        case b"hog":
            return _hogging(context)
        case b"lie":
            sys.stdout.buffer.write(worker.ANSWER.pack(4) + b"lies")
        case b"boast":
            sys.stdout.buffer.write(worker.ANSWER.pack(1 << 40))
        case b"stop":
            sys.exit(0)
        case b"who":
            return Inspection((), (str(os.getpid()),), ())
        case b"raise":
            return _inspected(None, context)  # type: ignore[arg-type]
    return inspect(message, context)


def _hogging(context: Context) -> Inspection:
    try:
        hoard = [bytes(64 * 1024 * 1024) for _ in range(1000)]
    except MemoryError:
        return inspection_worker.BROKEN_DOWN
    return inspect(hoard[0], context)


if __name__ == "__main__":
    inspection_worker.inspected = _breaking
    inspection_worker.main()
