"""Where a server dialogue stands, and which command may lead where."""

from __future__ import annotations

from enum import IntEnum, auto


class Phase(IntEnum):
    SILENT = auto()  # nothing said yet: whoever talks now does not speak SMTP
    GREETED = auto()
    READY = auto()
    AUTHENTICATING = auto()
    SENDER = auto()
    RECIPIENTS = auto()
    DATA = auto()
    CHUNK = auto()
    BODY_READ = auto()
    CHUNKS = auto()
    SPENT_CHUNKS = auto()  # a BDAT went wrong: the rest of the message is swallowed (RFC 3030 section 4.3)
    HANDSHAKE = auto()
    CLOSED = auto()


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
