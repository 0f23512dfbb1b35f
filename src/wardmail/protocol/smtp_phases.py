"""Where a server dialogue stands, and which command may lead where."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    SILENT = "silent"  # nothing said yet: whoever talks now does not speak SMTP
    GREETED = "greeted"
    READY = "ready"
    AUTHENTICATING = "authenticating"
    SENDER = "sender"
    RECIPIENTS = "recipients"
    DATA = "data"
    CHUNK = "chunk"
    BODY_READ = "body read"
    CHUNKS = "chunks"
    SPENT_CHUNKS = "spent chunks"  # a BDAT went wrong: the rest of the message is swallowed (RFC 3030 section 4.3)
    HANDSHAKE = "handshake"
    CLOSED = "closed"


_ALWAYS = {"EHLO": Phase.READY, "HELO": Phase.READY, "RSET": Phase.READY}

TRANSITIONS: dict[Phase, dict[str, Phase]] = {
    Phase.GREETED: {**_ALWAYS, "RSET": Phase.GREETED},
    Phase.READY: {
        **_ALWAYS,
        "STARTTLS": Phase.HANDSHAKE,
        "AUTH": Phase.AUTHENTICATING,
        "MAIL": Phase.SENDER,
    },
    Phase.SENDER: {**_ALWAYS, "RCPT": Phase.RECIPIENTS},
    Phase.RECIPIENTS: {**_ALWAYS, "RCPT": Phase.RECIPIENTS, "DATA": Phase.DATA, "BDAT": Phase.CHUNK},
    Phase.CHUNKS: {**_ALWAYS, "BDAT": Phase.CHUNK},
    Phase.SPENT_CHUNKS: {**_ALWAYS, "BDAT": Phase.CHUNK},
}
"""From each phase, where a command leads once it is accepted. QUIT, NOOP, HELP, VRFY and EXPN are welcome in all."""

IN_TRANSACTION = frozenset(
    {
        Phase.SENDER,
        Phase.RECIPIENTS,
        Phase.DATA,
        Phase.CHUNK,
        Phase.BODY_READ,
        Phase.CHUNKS,
        Phase.SPENT_CHUNKS,
    }
)
