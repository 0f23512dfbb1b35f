"""A reader of reports that breaks in the way that its message names."""

from __future__ import annotations

import os
import sys
import time

from wardmail.edges import worker


def _breaking(_: bytes, message: bytes) -> bytes:
    match message:
        case b"crash":
            os.abort()
        case b"hang":
            time.sleep(60)
        case b"hog":
            return b"".join(bytes(64 * 1024 * 1024) for _ in range(1000))
        case b"lie":
            return b"lies"
        case b"boast":
            sys.stdout.buffer.write(worker.ANSWER.pack(1 << 40))
        case b"stop":
            sys.exit(0)
    return b"[]"


if __name__ == "__main__":
    worker.serve(_breaking)
