"""Makes and changes integrations and their credentials; secrets are made here and shown once."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from ipaddress import ip_network

from wardmail.model.integration import Credential
from wardmail.model.person import Permission, Person
from wardmail.protect.credentials import SCRAM_ITERATIONS, scram_keys, secret_hash
from wardmail.protocol.address import InvalidAddress, parse_address
from wardmail.protocol.domain import InvalidDomain, parse_domain

_ALPHABET = string.ascii_letters + string.digits
_SECRET_LENGTH = 43  # of 62 letters: 256 bits
_NAME = re.compile(r"[a-z][a-z0-9-]{1,62}").fullmatch


@dataclass(frozen=True, slots=True)
class BadInput:
    """Why something a person gave cannot be used; a sentence for people. `code` where one is more exact than the caller's."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The acting person may not do this; a sentence for people."""

    reason: str


def may_not(actor: Person, permission: Permission) -> Forbidden:
    return Forbidden(f"{actor.id} may not {permission.words}.")


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential with its secret, which exists nowhere else and must be shown now or never."""

    credential: Credential
    secret: str

    def __repr__(self) -> str:
        return f"NewCredential({self.credential.username!r})"


def new_secret() -> str:
    """256 random bits, in letters and digits: they survive every configuration file, and no command takes them for an option."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))


def make_credential(
    username: str,
    integration_id: str,
    pepper: bytes,
    now: float,
    *,
    lifetime_days: float | None,
    networks: tuple[str, ...] = (),
    secret: str | None = None,
) -> NewCredential:
    """`secret` is given only where a fixed one is wanted (the sandbox); else it is random."""
    secret = secret or new_secret()
    salt = secrets.token_bytes(16)
    stored_key, server_key = scram_keys(secret, salt)
    credential = Credential(
        username=username,
        integration_id=integration_id,
        secret_hash=secret_hash(pepper, secret),
        scram_salt=salt,
        scram_stored_key=stored_key,
        scram_server_key=server_key,
        scram_iterations=SCRAM_ITERATIONS,
        created_at=now,
        expires_at=None if lifetime_days is None else now + lifetime_days * 86_400,
        networks=networks,
    )
    return NewCredential(credential, secret)


def checked_name(name: str) -> str | BadInput:
    """Names of integrations, routes and users: they stand in logs, commands and addresses of pages."""
    if _NAME(name):
        return name
    return BadInput(f"{name!r} is no name: 2 to 63 small letters, digits and hyphens, a letter first.")


def checked_senders(texts: tuple[str, ...]) -> tuple[str, ...] | BadInput:
    """Addresses (`a@b.example`) and whole domains (`@b.example` or `b.example`), in the form in which they are compared."""
    senders = []
    for text in texts:
        if "@" in text.lstrip("@"):
            address = parse_address(text)
            if isinstance(address, InvalidAddress):
                return BadInput(f"{text!r} is no sender address: {address.reason}")
            senders.append(str(address).lower())
        else:
            domain = parse_domain(text.lstrip("@"))
            if isinstance(domain, InvalidDomain):
                return BadInput(f"{text!r} is no sender domain: {domain.reason}")
            senders.append(f"@{domain}")
    return tuple(dict.fromkeys(senders))


def checked_networks(texts: tuple[str, ...]) -> tuple[str, ...] | BadInput:
    networks = []
    for text in texts:
        try:
            networks.append(str(ip_network(text, strict=False)))
        except ValueError:
            return BadInput(f"{text!r} is no network: give an address or a CIDR block, as 10.1.0.0/16.")
    return tuple(networks)
