"""The stores of secrets outside this machine's own keystore, behind one door: which of them a reference means."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from wardmail.edges.azure_key_vault import AzureKeyVault, AzureSettings
from wardmail.edges.hashicorp_vault import HashicorpVault, VaultSettings
from wardmail.edges.local_secrets import read_reference
from wardmail.edges.pkcs11_token import Pkcs11Settings, Pkcs11Token
from wardmail.edges.revealed import PublicKey, Revealed
from wardmail.model.refusal import Unavailable
from wardmail.model.secret_reference import (
    FORMS,
    KEY_FORMS,
    azure_item,
    scheme_of,
    token_object,
    transit_key,
    vault_field,
)

LOCAL = frozenset({"file", "env", "credential"})


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """None: that store is not set up."""

    vault: VaultSettings | None = None
    azure: AzureSettings | None = None
    token: Pkcs11Settings | None = None


class OutsideStores:
    """Opens everything but `keystore:`; so the keystore's own master key may come from here. Blocking; made lazily."""

    def __init__(
        self, settings: StoreSettings, own: Callable[[str], bytes] | None = None, timeout: float = 10.0
    ) -> None:
        """`own` opens what a store itself is opened with, such as a token; else that must be on this machine."""
        self._settings = settings
        self._own = own or _on_this_machine
        self._timeout = timeout

    def read(self, reference: str) -> Revealed:
        """Raises Unavailable, which names neither the secret nor what the store said."""
        match scheme_of(reference):
            case "vault" if (field := vault_field(reference)) is not None:
                return self._vault.read(field)
            case "azure" if (item := azure_item(reference)) is not None:
                return self._azure.read(item)
            case "pkcs11" if (wanted := token_object(reference)) is not None:
                return self._token.read(wanted)
            case scheme if scheme in LOCAL:
                return read_reference(reference)
        raise Unavailable("a secret", f"its reference is not {FORMS}")

    def public_key(self, reference: str) -> PublicKey:
        """Of a signing key. Raises Unavailable."""
        match scheme_of(reference):
            case "vault-transit" if (key := transit_key(reference)) is not None:
                return self._vault.public_key(key)
            case "azure-key" if (item := azure_item(reference)) is not None:
                return self._azure.public_key(item)
            case "pkcs11" if (wanted := token_object(reference)) is not None:
                return self._token.public_key(wanted)
        raise Unavailable("a signing key", f"its reference is not {KEY_FORMS}")

    def sign(self, reference: str, version: str, algorithm: str, data: bytes) -> bytes:
        """Over the SHA-256 of `data`, which itself goes nowhere: header fields are personal."""
        digest = hashlib.sha256(data).digest()
        match scheme_of(reference):
            case "vault-transit" if (key := transit_key(reference)) is not None:
                return self._vault.sign(key, version, algorithm, digest)
            case "azure-key" if (item := azure_item(reference)) is not None:
                return self._azure.sign(item, version, digest)
            case "pkcs11" if (wanted := token_object(reference)) is not None:
                return self._token.sign(wanted, algorithm, digest)
        raise Unavailable("a signing key", f"its reference is not {KEY_FORMS}")

    @cached_property
    def _vault(self) -> HashicorpVault:
        if self._settings.vault is None:
            raise Unavailable("the vault", "vault.address is not set")
        return HashicorpVault(self._settings.vault, self._own, self._timeout)

    @cached_property
    def _azure(self) -> AzureKeyVault:
        if self._settings.azure is None:
            raise Unavailable("the Azure key vault", "neither azure.tenant nor azure.managed_identity is set")
        return AzureKeyVault(self._settings.azure, self._own, self._timeout)

    @cached_property
    def _token(self) -> Pkcs11Token:
        if self._settings.token is None:
            raise Unavailable("the PKCS #11 token", "pkcs11.module is not set")
        return Pkcs11Token(self._settings.token, self._own)


def _on_this_machine(reference: str) -> bytes:
    return read_reference(reference).secret
