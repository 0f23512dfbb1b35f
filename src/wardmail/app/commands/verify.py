"""`wardmail verify`: who sent this message, and may a signature at its foot be accepted?"""

from __future__ import annotations

import asyncio
import socket
import sys
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wardmail.app.failures import FINDINGS, NOT_FOUND, TRY_LATER, USAGE, CommandFailed
from wardmail.app.output import emit, json_option

if TYPE_CHECKING:
    from wardmail.app.settings import Settings
    from wardmail.edges.dns import DnsResolver
    from wardmail.inbound.sender import SenderTerms

LARGEST_MB = 150
_OUTLOOK = b"\xd0\xcf\x11\xe0"
_PATIENCE = 5.0
"""Seconds for one DNS question; `inbound.sender.SECONDS` is for all of them."""


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--ip", default="", help="The address that it came from; without it SPF and the host's name stay open.")
@click.option("--helo", default="", help="What that host called itself.")
@click.option("--mail-from", default="", help="The envelope sender; '<>' for a bounce.")
@click.option(
    "--resolver", default="", metavar="HOST:PORT", help="The DNS server to ask (default: as in the settings)."
)
@click.option("--now", "moment", default="", metavar="TIME", help="Judge as of then: seconds since 1970, or ISO 8601.")
@click.option("--trust-hop", default="", metavar="NAME", help="Take the verdicts of this hop's Authentication-Results.")
@click.option("--as", "profile", type=click.Choice(["health-and-care", "government"]), help="Whose table of domains.")
@json_option
@click.pass_obj
def command(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    file: str,
    ip: str,
    helo: str,
    mail_from: str,
    resolver: str,
    moment: str,
    trust_hop: str,
    profile: str | None,
    as_json: bool,
) -> None:
    """Say who sent the message in FILE, and what proves it; `-` reads it from standard input.

    Works before any set-up. FILE is one raw message, with CRLF or LF line ends, with or without an mbox's first line.
    A signature is acceptable when DMARC passes for the author's domain and that domain is known to be secure
    (`wardmail check`).

    Exit status: 0 the author's domain stands behind the message (DMARC passes), 3 it does not, 75 the DNS did not
    answer, 2 wrong usage, 5 no such file.
    """
    from wardmail.app.settings import load
    from wardmail.app.verdict_output import as_record, show
    from wardmail.inbound.sender import prove_sender
    from wardmail.model.sender import AuthResult, Sending
    from wardmail.protocol.raw_message import split_file

    settings = load(Path(config_path) if config_path else None)
    sending = Sending(_address(ip), helo, mail_from)
    terms = _terms(config_path, settings, moment, trust_hop, profile)
    dns = _resolver(resolver, settings["delivery.nameservers"])
    evidence = asyncio.run(prove_sender(split_file(_read(file)), sending, terms, dns))
    emit(as_record(evidence, sending, terms.receiver)) if as_json else show(evidence, sending)
    if evidence.dmarc.result is AuthResult.TEMPERROR:
        raise SystemExit(TRY_LATER)
    if evidence.dmarc.result is not AuthResult.PASS:
        raise SystemExit(FINDINGS)


def _terms(
    config_path: str | None, settings: Settings, moment: str, trust_hop: str, profile: str | None
) -> SenderTerms:
    """By what is judged: as of when, whom we know, and whose word we take."""
    from wardmail.app.checking import standing_of
    from wardmail.edges.clock import SystemClock
    from wardmail.inbound.sender import SenderTerms
    from wardmail.inbound.trusted import Trusted

    now = _moment(moment) if moment else SystemClock(settings.clock_ahead).now()
    known = standing_of(config_path, profile)
    sealers = frozenset(domain.lower() for domain in settings["receive.trusted_sealers"])
    trusted = Trusted(trust_hop, sealers)
    return SenderTerms(now, lambda domain: known(domain, now), settings["gateway.hostname"], trusted)


def _read(file: str) -> bytes:
    limit = LARGEST_MB * 1024 * 1024
    try:
        if file == "-":
            octets = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(file).open("rb") as stream:
                octets = stream.read(limit + 1)
    except OSError as error:
        what = f"{file} cannot be read: {error.strerror or error}."
        raise CommandFailed("WM-VERIFY-FILE", what, "Name a file that holds one message, or `-`.", NOT_FOUND) from error
    if len(octets) > limit:
        raise CommandFailed("WM-VERIFY-SIZE", f"{file} is larger than {LARGEST_MB} MB.", "Name one message.", USAGE)
    if not octets:
        raise CommandFailed("WM-VERIFY-EMPTY", f"{file} is empty.", "Name a file that holds one message.", USAGE)
    if octets.startswith(_OUTLOOK):
        what = f"{file} is Outlook's own form (.msg), which is no longer the message that was sent."
        raise CommandFailed("WM-VERIFY-FORM", what, "Get the original: save it as .eml, or ask the mail team.", USAGE)
    return octets


def _address(ip: str) -> str:
    try:
        return str(ip_address(ip)) if ip else ""
    except ValueError as error:
        what = f"{ip!r} is no network address."
        raise CommandFailed("WM-VERIFY-IP", what, "Write it as 192.0.2.1 or 2001:db8::1.", USAGE) from error


def _moment(text: str) -> float:
    try:
        at = float(text) if text.replace(".", "", 1).isdigit() else _iso(text)
        datetime.fromtimestamp(at, UTC)
        return at
    except (ValueError, OverflowError) as error:
        what = f"{text!r} is no point in time."
        raise CommandFailed("WM-VERIFY-NOW", what, "Write 1764090000 or 2026-11-25T17:00:00Z.", USAGE) from error


def _iso(text: str) -> float:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _resolver(given: str, configured: list[str]) -> DnsResolver:
    from wardmail.app.host_and_port import address
    from wardmail.edges.clock import SystemClock
    from wardmail.edges.dns import DnsResolver

    servers = [address(text, default_port=53) for text in ([given] if given else configured)]
    try:
        return DnsResolver(SystemClock(), [(_ip_of(host, port), port) for host, port in servers], timeout=_PATIENCE)
    except (ValueError, OSError, OverflowError) as error:
        what = f"{given or ', '.join(configured)} is no DNS server: {error}."
        raise CommandFailed("WM-VERIFY-RESOLVER", what, "Write it as 127.0.0.1:53.", USAGE) from error


def _ip_of(host: str, port: int) -> str:
    if not 0 < port < 65536:
        raise ValueError(f"there is no port {port}")
    return str(socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0])
