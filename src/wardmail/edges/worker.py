"""What a worker process does besides its work: it takes messages one after another, with little memory and little time.

Standard input brings frames (two lengths, a context, a message); each is answered on standard output (a length, an answer).
"""

from __future__ import annotations

import resource
import struct
import sys
from collections.abc import Callable

REQUEST, ANSWER = struct.Struct("!LQ"), struct.Struct("!Q")


def serve(answer: Callable[[bytes, bytes], bytes]) -> None:
    """`answer` is given a context and a message. The arguments of the process limit its octets of memory and seconds."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        context_size, size = REQUEST.unpack(head)
        context = requests.read(context_size)
        packed = answer(context, requests.read(size))
        answers.write(ANSWER.pack(len(packed)) + packed)
        answers.flush()
