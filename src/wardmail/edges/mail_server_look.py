"""Knocks at others' mail servers as a sender does: is there TLS, which, and does the certificate prove the name? (SHARE-8)"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from wardmail.edges.certificate_facts import facts_of
from wardmail.edges.old_tls import context_of_any_tls, context_of_old_tls, is_refusal
from wardmail.edges.public_address import may_call
from wardmail.edges.tls import unsafe_unverified_context, verifying_context
from wardmail.edges.tls_pipe import chain_of
from wardmail.model.own_domain import ServerLook
from wardmail.model.refusal import Unavailable

_PATIENCE = 8.0
_MOST_LINES, _LONGEST_LINE = 50, 2048


@dataclass(frozen=True, slots=True)
class _Session:
    version: str
    cipher: str
    chain: tuple[bytes, ...]


class _NoTls(Exception):
    """The server was reached, and offers none."""


class _Silent(Exception):
    """It did not say what a mail server says; the text may be shown to people."""


class _Broken(Exception):
    """The handshake did not come to an end, for another reason than the certificate."""


class MailServerLook:
    """Implements `ports.domains.MailServers`. Addresses that are not public are not called: the DNS of others names them."""

    def __init__(self, helo: str, *, port: int = 25, ca_file: str | None = None, allow_private: bool = False) -> None:
        self._helo = helo
        self._port = port
        self._ca_file = Path(ca_file) if ca_file else None
        self._allow_private = allow_private

    async def look(self, host: str, address: str) -> ServerLook:
        look = ServerLook(host, address)
        if not may_call(address, allow_private=self._allow_private):
            return replace(look, why="its address is not public")
        try:
            return await self._look(look)
        except _NoTls:
            return replace(look, is_reached=True)
        except (_Silent, _Broken, Unavailable, OSError, ValueError) as error:
            return replace(look, why=_in_words(error))

    async def _look(self, look: ServerLook) -> ServerLook:
        seen = replace(look, is_reached=True, offers_tls=True)
        try:
            session, proof = await self._shake_hands(look, verifying_context(self._ca_file)), ""
        except ssl.SSLCertVerificationError as error:
            session, proof = await self._shake_hands(look, unsafe_unverified_context()), error.verify_message
        except _Broken:
            # Either it speaks only what we do not, or something else is amiss: what we must not take tells which.
            if (await self._shake_hands(look, context_of_any_tls())).version == "TLSv1.3":
                raise  # which we speak too: that the first one broke off was chance
            return seen
        below, old = await asyncio.gather(self._below(look, session.version), self._old(look))
        return _with_certificate(replace(seen, proof=proof, old_version=old), session, {session.version, *below})

    async def _below(self, look: ServerLook, best: str) -> set[str]:
        """What it speaks besides TLS 1.3, of what may carry mail."""
        if best == "TLSv1.3":
            with contextlib.suppress(OSError, _Silent, _NoTls, _Broken):
                older = unsafe_unverified_context()
                older.maximum_version = ssl.TLSVersion.TLSv1_2
                return {(await self._shake_hands(look, older)).version}
        return set()

    async def _old(self, look: ServerLook) -> str | None:
        """The newest of TLS 1.0 and 1.1 that it speaks; empty: none, and None: that could not be tried."""
        context = context_of_old_tls()
        if context is None:
            return None
        try:
            return (await self._shake_hands(look, context)).version
        except _Broken as broken:
            return "" if is_refusal(broken.__cause__) else None
        except (OSError, ValueError, _Silent, _NoTls):
            return None

    async def _shake_hands(self, look: ServerLook, context: ssl.SSLContext) -> _Session:
        async with asyncio.timeout(_PATIENCE), self._connected(look.address) as (reader, writer):
            await _expect(reader, b"220")
            writer.write(f"EHLO {self._helo}\r\n".encode())
            if not any(line[4:].strip().upper() == b"STARTTLS" for line in await _expect(reader, b"250")):
                raise _NoTls
            writer.write(b"STARTTLS\r\n")
            await _expect(reader, b"220")
            await _begin_tls(writer, context, look.host)
            tls = writer.get_extra_info("ssl_object")
            cipher = tls.cipher()
            writer.write(b"QUIT\r\n")
            return _Session(tls.version() or "", cipher[0] if cipher else "", chain_of(tls))

    @contextlib.asynccontextmanager
    async def _connected(self, address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(address, self._port, limit=_LONGEST_LINE)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


def _in_words(error: Exception) -> str:
    match error:
        case _Silent():
            return str(error)
        case _Broken() | ssl.SSLError():
            return "the TLS handshake broke off"
        case Unavailable():
            return f"{error.part} cannot be read here"
        case TimeoutError():
            return "it did not answer in time"
        case OSError():
            return "no connection came about"
        case _:
            # A ValueError: the DNS of others may name what no certificate can, labels of any octets or empty ones.
            return "its name is none that a certificate can prove"


async def _begin_tls(writer: asyncio.StreamWriter, context: ssl.SSLContext, host: str) -> None:
    try:
        await writer.start_tls(context, server_hostname=host)
    except ssl.SSLCertVerificationError:
        raise
    except (ssl.SSLError, ConnectionError) as error:
        raise _Broken from error


async def _expect(reader: asyncio.StreamReader, code: bytes) -> list[bytes]:
    """The lines of one reply. Raises _Silent for any other."""
    lines: list[bytes] = []
    while len(lines) < _MOST_LINES:
        try:
            line = await reader.readline()
        except ValueError:
            break
        if line[:3] != code:
            raise _Silent("it did not let us in" if line else "it closed the connection")
        lines.append(line)
        if line[3:4] != b"-":
            return lines
    raise _Silent("it talks without end")


def _with_certificate(look: ServerLook, session: _Session, versions: set[str]) -> ServerLook:
    look = replace(look, versions=tuple(sorted(versions)), cipher=session.cipher, chain=session.chain)
    try:
        facts = facts_of(x509.load_der_x509_certificate(session.chain[0]))
    except (ValueError, IndexError, UnsupportedAlgorithm):
        return replace(look, proof=look.proof or "the certificate cannot be read")
    return replace(look, key=facts.key, is_key_strong=facts.is_strong, expires_at=facts.expires_at)
