"""A name server for the sandbox, on loopback: whoever sends from `*.example` is real, except whoever is not."""

from __future__ import annotations

import logging
import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

_log = logging.getLogger(__name__)

FORGED = "forged.example"
"""Nobody may send for it from here: what claims to come from it is not believed."""

_LARGEST = 1232
_SECONDS = 60


class SandboxNames:
    """Answers by UDP in a thread, for as long as the process lives. Everything that it does not know does not exist."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self) -> None:
        threading.Thread(target=self._serve, name="sandbox-names", daemon=True).start()

    def _serve(self) -> None:
        while True:
            question, peer = self._socket.recvfrom(_LARGEST)
            try:
                self._socket.sendto(reply_to(question), peer)
            except Exception as error:
                # A question that breaks it must not end it: senders could not be proved any more.
                _log.warning("event=sandbox_question_unanswered error=%s", type(error).__name__)


def reply_to(question: bytes) -> bytes:
    """Raises DNSException for what is no question."""
    asked = dns.message.from_wire(question)
    reply = dns.message.make_response(asked, recursion_available=True)
    if not asked.question:
        return reply.to_wire()
    name, kind = asked.question[0].name, asked.question[0].rdtype
    text = _text(name.to_text(omit_final_dot=True).lower())
    if not text:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    elif kind == dns.rdatatype.TXT:
        reply.answer.append(dns.rrset.from_text(name, _SECONDS, "IN", "TXT", f'"{text}"'))
    return reply.to_wire()


def _text(name: str) -> str:
    """What is published at a name; empty where nothing is."""
    if not name.endswith(".example"):
        return ""
    if name.startswith("_dmarc."):
        return "v=DMARC1; p=reject" if name.count(".") == 2 else ""
    if name.startswith("_") or "._" in name:
        return ""
    return "v=spf1 -all" if name == FORGED else "v=spf1 ip4:127.0.0.1 -all"
