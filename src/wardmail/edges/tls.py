"""TLS contexts for servers and couriers, and certificates that can be renewed while they are in use."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from wardmail.edges.approved_suites import TLS12_SUITES
from wardmail.model.refusal import Unavailable

_log = logging.getLogger(__name__)


class CertificateFiles:
    """A certificate chain and its key (PEM) in one context: renewal changes new handshakes, and keeps tickets valid."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._seen = self._stamps()
        self._others: list[ssl.SSLContext] = []
        self.context = server_context()
        self._load_into(self.context)

    def context_that_asks(self, authorities: Path) -> ssl.SSLContext:
        """Another context with the same certificate: it asks clients for one of those authorities', and does without.

        Raises Unavailable.
        """
        context = server_context()
        try:
            context.load_verify_locations(authorities)
        except (OSError, ssl.SSLError) as failure:
            raise Unavailable(f"the authorities of client certificates {authorities}", failure) from failure
        context.verify_mode = ssl.CERT_OPTIONAL
        self._load_into(context)
        self._others.append(context)
        return context

    def reload_if_changed(self) -> bool:
        """Look at the files' times. Call it now and then; True when a new certificate is in use."""
        return self._stamps() != self._seen and self.reload()

    def reload(self) -> bool:
        """Load the files now (SIGHUP). A pair that does not load leaves the old one in use, and is logged."""
        self._seen = self._stamps()
        try:
            self._load_into(server_context())  # a failure half-way would leave the live context with half a pair
            for context in (self.context, *self._others):
                self._load_into(context)
        except Unavailable as failure:
            _log.error("certificate not renewed, the old one stays in use: %s", failure)
            return False
        _log.info("certificate renewed from %s", self._certificate)
        return True

    def _load_into(self, context: ssl.SSLContext) -> None:
        try:
            context.load_cert_chain(self._certificate, self._key)
        except (OSError, ssl.SSLError) as failure:
            raise Unavailable(f"certificate {self._certificate}", failure) from failure

    def _stamps(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_stamp(path) for path in (self._certificate, self._key))


def server_context() -> ssl.SSLContext:
    """TLS 1.2 and later with the approved suites; a certificate is still to be loaded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _restrict(context)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 1
    return context


def verifying_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """For a client that must know whom it speaks to: chain and host name are checked.

    `ca_file` replaces the system's authorities. Raises Unavailable when it cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _restrict(context)
    try:
        if ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as failure:
        raise Unavailable(f"certificate authorities {ca_file}", failure) from failure
    return context


def unsafe_unverified_context() -> ssl.SSLContext:
    """For a client that wants encryption and takes anybody's word for the name: never for sensitive mail."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _restrict(context)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _restrict(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(TLS12_SUITES))
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
