"""What a server's 4xx or 5xx means for the message: try again, or never."""

from __future__ import annotations

from wardmail.model.delivery import Deferred, Failed
from wardmail.protocol.peer_reply import ProtocolFault, ReplyLines

_ROUTE_AUTH_CODES = frozenset({530, 534, 535, 538})
_ROUTE_AUTH_STATUS = frozenset({"5.7.8", "5.7.57"})

_NO_SUCH_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""RFC 3463, 7505: the mailbox, its domain or its spelling is wrong, or it moved or was closed; for anybody's mail."""


def is_hard_bounce(status: str) -> bool:
    """Does it say that mail to this address will never arrive? A 5.7.1 says something of the sender or the content."""
    return status in _NO_SUCH_MAILBOX


def meaning_of_refusal(lines: ReplyLines, *, to_recipient: bool = False) -> Deferred | Failed:
    """Raises ProtocolFault for a reply that is no refusal. `to_recipient`: it answers RCPT."""
    if lines.code < 400:
        raise ProtocolFault(f"the server answered {lines.code} where that means nothing")
    reply = lines.for_people()
    if reply.code < 500:
        return Deferred("The server asked to try again later.", reply, status=reply.status or "4.0.0")
    if reply.code in _ROUTE_AUTH_CODES or reply.status in _ROUTE_AUTH_STATUS:
        why = "The server wants a log-in that this route does not have. Check the route's credentials."
        return Deferred(why, reply, error="WM-ROUTE-AUTH", status="4.7.0")
    if reply.code == 503:
        return Deferred("The server lost count of the dialogue.", reply, status="4.5.0")
    if to_recipient and reply.code == 552 and reply.status in {"", "5.5.3"}:
        # RFC 5321 section 4.5.3.1.10: too many recipients, in the spelling of RFC 821.
        return Deferred("The server takes fewer recipients at a time.", reply, status="4.5.3")
    return Failed("The server refused it for good.", reply, status=reply.status or "5.0.0")
