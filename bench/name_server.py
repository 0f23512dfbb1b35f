"""Answers DNS questions from a few TXT records, and says of all else that it is not there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

_TTL = 3600


@contextmanager
def answering(records: Mapping[str, str]) -> Iterator[int]:
    """Gives the port, on 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        threading.Thread(target=_serve, args=(server, dict(records)), daemon=True).start()
        yield server.getsockname()[1]


def _serve(server: socket.socket, records: dict[str, str]) -> None:
    with suppress(OSError):
        while True:
            question, peer = server.recvfrom(4096)
            server.sendto(_answer(dns.message.from_wire(question), records).to_wire(), peer)


def _answer(question: dns.message.Message, records: dict[str, str]) -> dns.message.Message:
    reply = dns.message.make_response(question)
    asked = question.question[0]
    text = records.get(asked.name.to_text(omit_final_dot=True).lower())
    if text is None:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    elif asked.rdtype == dns.rdatatype.TXT:
        parts = " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))
        reply.answer.append(dns.rrset.from_text(asked.name, _TTL, "IN", "TXT", parts))
    if not reply.answer:
        soa = f"ns.test. admin.test. 1 3600 600 86400 {_TTL}"
        reply.authority.append(dns.rrset.from_text(asked.name, _TTL, "IN", "SOA", soa))
    return reply
