"""TLS as a pipe without sockets: ciphertext in, plaintext out, and the other way round."""

from __future__ import annotations

import ssl
import sys

from wardmail.edges.approved_suites import APPROVED_SUITES
from wardmail.model.message import TlsSession

_RECORD = 16384  # RFC 8446 section 5.1: one read gives at most one record

_DER = 2  # `_ssl.ENCODING_DER`


class TlsFailure(Exception):
    """The handshake failed or the stream broke; the text names OpenSSL's reason and no secret."""


def chain_of(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """DER, as the peer sent it and unverified, its own certificate first."""
    if sys.version_info >= (3, 13):
        return tuple(tls.get_unverified_chain())
    # Python 3.11 and 3.12 have this only under the public object.
    certificates = tls._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]
    return tuple(certificate.public_bytes(_DER) for certificate in certificates)


class TlsPipe:
    """One TLS connection. Whatever a call produced for the peer waits in `take_ciphertext`: send it after every call.

    A client passes `server_hostname`, and `resume` from an earlier pipe's `ssl_session` to the same server and context.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        is_server: bool,
        server_hostname: str | None = None,
        resume: ssl.SSLSession | None = None,
    ) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=is_server, server_hostname=server_hostname, session=resume
        )
        self.session: TlsSession | None = None
        """What the handshake came to; None until it is over."""
        self.is_finished = False
        """The peer has said that nothing more will come."""
        if not is_server:
            self._shake_hands()

    @property
    def is_ready(self) -> bool:
        return self.session is not None

    @property
    def ssl_session(self) -> ssl.SSLSession | None:
        """For resumption; with TLS 1.3 it is complete only after the server has sent something."""
        return self._tls.session

    def peer_certificate(self) -> bytes | None:
        """DER."""
        return self._tls.getpeercert(binary_form=True)

    def peer_chain(self) -> tuple[bytes, ...]:
        """DER, as the peer sent it and unverified, its own certificate first; for DANE, which verifies by itself."""
        return chain_of(self._tls)

    def feed_ciphertext(self, ciphertext: bytes | bytearray | memoryview) -> bytes:
        """The plaintext that this completes; empty during the handshake. Raises TlsFailure."""
        self._incoming.write(ciphertext)
        if self.session is None and not self._shake_hands():
            return b""
        records = self._read_records()
        return records[0] if len(records) == 1 else b"".join(records)

    def write(self, plaintext: bytes) -> None:
        """Encrypt; raises TlsFailure before the handshake is over or after the end."""
        if not plaintext:
            return
        try:
            self._tls.write(plaintext)
        except ssl.SSLError as failure:
            raise TlsFailure(_reason(failure)) from failure

    def take_ciphertext(self) -> bytes:
        return self._outgoing.read()

    def close(self) -> None:
        """Say that nothing more will come from us (close_notify)."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            return  # the peer's own close_notify is not awaited, and may never come

    def _shake_hands(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as failure:
            raise TlsFailure(_reason(failure)) from failure
        cipher = self._tls.cipher()
        name = cipher[0] if cipher else "none"
        if name not in APPROVED_SUITES:
            raise TlsFailure(f"cipher suite {name} is not approved")
        self.session = TlsSession(self._tls.version() or "", name, bool(self._tls.session_reused))
        return True

    def _read_records(self) -> list[bytes]:
        records = []
        try:
            while record := self._tls.read(_RECORD):
                records.append(record)
                if not self._incoming.pending and not self._tls.pending():
                    return records  # one more read would only raise
            self.is_finished = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_finished = True
        except ssl.SSLError as failure:
            raise TlsFailure(_reason(failure)) from failure
        return records


def _reason(failure: ssl.SSLError) -> str:
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"certificate not verified: {failure.verify_message}"
    return (failure.reason or type(failure).__name__).replace("_", " ").lower()
