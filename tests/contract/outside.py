"""Stores of secrets outside the keystore, set up for a test: each with the secret and the keys that the suites ask for."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.journeys.peers import azure, softhsm, vault
from tests.journeys.peers.ground import Authority
from tests.journeys.peers.store_server import StoreServer, running_store
from wardmail.edges.azure_key_vault import AzureSettings
from wardmail.edges.hashicorp_vault import VaultSettings
from wardmail.edges.outside_stores import OutsideStores, StoreSettings
from wardmail.edges.pkcs11_token import Pkcs11Settings

_getaddrinfo = socket.getaddrinfo

SECRET = "correct horse battery staple"
OURS = {
    "env:TOKEN": vault.TOKEN,
    "env:SECRET_ID": vault.SECRET_ID,
    "env:CLIENT_SECRET": azure.CLIENT_SECRET,
    "env:PIN": softhsm.PIN,
}


@dataclass
class VaultAtHand:
    stores: OutsideStores
    vault: vault.Vault
    server: StoreServer


@dataclass
class AzureAtHand:
    stores: OutsideStores
    azure: azure.Azure
    server: StoreServer


def own(reference: str) -> bytes:
    return OURS[reference].encode()


def vault_settings(server: StoreServer, authority: Authority, **changes: str) -> VaultSettings:
    values = {"ca_file": str(authority.ca_file), "token": "env:TOKEN", **changes}
    return VaultSettings(f"https://localhost:{server.port}", **values)


@contextmanager
def vault_at_hand(authority: Authority, timeout: float = 10.0, **changes: str) -> Iterator[VaultAtHand]:
    kept = vault.Vault(namespace=changes.get("namespace", ""))
    kept.v2["smtp/nhs mail"] = {"password": SECRET}
    kept.v1["smtp"] = {"password": SECRET}
    kept.keys["dkim-rsa"] = [rsa.generate_private_key(65537, 2048)]
    kept.keys["dkim-ed"] = [Ed25519PrivateKey.generate()]
    with running_store(authority.issue("localhost"), kept) as server:
        settings = StoreSettings(vault=vault_settings(server, authority, **changes))
        yield VaultAtHand(OutsideStores(settings, own, timeout), kept, server)


@contextmanager
def azure_at_hand(authority: Authority, **changes: str) -> Iterator[AzureAtHand]:
    """A vault's host is NAME.SUFFIX; the suffix carries the port, and `*.localhost` is made to mean this machine."""
    kept = azure.Azure(secrets={"smtp": SECRET}, keys={"dkim": rsa.generate_private_key(65537, 2048)})
    certificate = authority.issue("localhost", "keys.localhost")
    with running_store(certificate, kept) as server, mock.patch("socket.getaddrinfo", _at_home):
        values = {
            "tenant": "tenant-1",
            "client_id": "client-1",
            "client_secret": "env:CLIENT_SECRET",
            "authority": f"https://localhost:{server.port}",
            "suffix": f"localhost:{server.port}",
            "ca_file": str(authority.ca_file),
            **changes,
        }
        yield AzureAtHand(OutsideStores(StoreSettings(azure=AzureSettings(**values)), own), kept, server)


def _at_home(host: str, *rest: Any, **more: Any) -> Any:
    return _getaddrinfo("localhost" if str(host).endswith(".localhost") else host, *rest, **more)


def token_stores(module: str) -> OutsideStores:
    return OutsideStores(StoreSettings(token=Pkcs11Settings(module, "env:PIN", softhsm.LABEL)), own)


@contextmanager
def filled_token(directory: Path) -> Iterator[str]:
    with softhsm.token(directory) as module:
        softhsm.fill(module)
        yield module
