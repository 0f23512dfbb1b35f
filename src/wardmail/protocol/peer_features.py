"""What a server offers in its answer to EHLO."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.protocol.peer_reply import ReplyLines


@dataclass(frozen=True, slots=True)
class PeerFeatures:
    """`size_limit` is None when SIZE is not offered, 0 when it is offered without a limit (RFC 1870 section 3)."""

    name: str = ""
    pipelining: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    dsn: bool = False
    starttls: bool = False
    require_tls: bool = False
    size_limit: int | None = None
    mechanisms: frozenset[str] = frozenset()


def read_features(reply: ReplyLines) -> PeerFeatures:
    """Keywords count in any case (RFC 5321 section 2.4); lines that make no sense are passed over."""
    keywords: dict[str, list[str]] = {}
    for line in reply.lines[1:]:
        words = line.decode("ascii", "replace").upper().replace("AUTH=", "AUTH ", 1).split()
        if words:
            keywords.setdefault(words[0], []).extend(words[1:])
    return PeerFeatures(
        name=(reply.lines[0].decode("ascii", "replace").split() or [""])[0],
        pipelining="PIPELINING" in keywords,
        eight_bit="8BITMIME" in keywords,
        smtputf8="SMTPUTF8" in keywords,
        dsn="DSN" in keywords,
        starttls="STARTTLS" in keywords,
        require_tls="REQUIRETLS" in keywords,
        size_limit=_size_limit(keywords.get("SIZE")),
        mechanisms=frozenset(keywords.get("AUTH", ())),
    )


def _size_limit(words: list[str] | None) -> int | None:
    if words is None:
        return None
    if not words or not words[0].isascii() or not words[0].isdigit() or len(words[0]) > 20:
        return 0
    return int(words[0])
