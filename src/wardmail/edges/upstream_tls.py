"""Begins TLS with a server as far as it must be trusted, remembers sessions, and says what was proved."""

from __future__ import annotations

import functools
import ssl
from collections import OrderedDict
from pathlib import Path

from wardmail.edges.smtp_connection import SmtpConnection, TlsRefused
from wardmail.edges.tls import unsafe_unverified_context, verifying_context
from wardmail.edges.tls_pipe import TlsPipe
from wardmail.edges.upstream import TlsDemand, Upstream
from wardmail.model.delivery import AttemptTls
from wardmail.model.refusal import Unavailable
from wardmail.model.route import TlsLevel
from wardmail.ports import Clock
from wardmail.posture.dane import prove

_MAX_SESSIONS = 1000


class UpstreamTls:
    """The last session of each upstream is offered again, so that a handshake costs no signature."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: OrderedDict[Upstream, tuple[ssl.SSLContext, ssl.SSLSession]] = OrderedDict()

    async def begin(self, connection: SmtpConnection, upstream: Upstream) -> AttemptTls:
        """Raises TlsRefused when the server does not prove what is demanded, Unavailable for a CA file."""
        demand = upstream.tls
        context = _context(demand)
        remembered_context, session = self._sessions.get(upstream, (None, None))
        await connection.start_tls(context, upstream.host, session if remembered_context is context else None)
        pipe = connection.pipe
        assert pipe is not None
        assert pipe.session is not None
        achieved, proof = self._proof(pipe, upstream)
        return AttemptTls(demand.level, achieved, pipe.session.version, pipe.session.cipher, proof)

    def remember(self, connection: SmtpConnection, upstream: Upstream) -> None:
        """TLS 1.3 hands out sessions after the handshake: call this when the server has spoken again."""
        # With DANE the certificate itself is the proof, so every connection must show it.
        session = connection.pipe.ssl_session if connection.pipe is not None else None
        if session is None or upstream.tls.tlsa:
            return
        self._sessions[upstream] = (_context(upstream.tls), session)
        self._sessions.move_to_end(upstream)
        if len(self._sessions) > _MAX_SESSIONS:
            self._sessions.popitem(last=False)

    def _proof(self, pipe: TlsPipe, upstream: Upstream) -> tuple[TlsLevel, str]:
        demand = upstream.tls
        if demand.tlsa:
            proof = prove(demand.tlsa, pipe.peer_chain(), upstream.host, self._clock.now())
            if proof is None:
                raise TlsRefused(f"the certificate of {upstream.host} matches none of its TLSA records (DANE)")
            return TlsLevel.VERIFIED, proof
        if demand.level is TlsLevel.VERIFIED:
            voucher = f" ({demand.vouched_by})" if demand.vouched_by else ""
            return TlsLevel.VERIFIED, f"certificate of {upstream.host} verified{voucher}"
        return TlsLevel.ENCRYPTED, "name not proved"


def _context(demand: TlsDemand) -> ssl.SSLContext:
    if demand.level is not TlsLevel.VERIFIED or demand.tlsa:
        return _unverified_context()
    if demand.ca_file is None:
        return _verifying_context(None, 0)
    ca_file = Path(demand.ca_file)
    try:
        return _verifying_context(ca_file, ca_file.stat().st_mtime_ns)
    except OSError as error:
        raise Unavailable(f"certificate authorities {ca_file}", error.strerror) from error


@functools.lru_cache(maxsize=64)
def _verifying_context(ca_file: Path | None, _changed_at: int) -> ssl.SSLContext:
    """`_changed_at` makes a new context when the file is replaced."""
    return verifying_context(ca_file)


@functools.cache
def _unverified_context() -> ssl.SSLContext:
    return unsafe_unverified_context()
