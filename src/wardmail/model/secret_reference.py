"""How settings and records name a secret: by where it is kept, never by what it is (RECV-6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote

FORMS = (
    "keystore:NAME, file:PATH, env:NAME, credential:NAME, vault:MOUNT/PATH#FIELD, azure:VAULT/SECRET[/VERSION]"
    " or pkcs11:token=…;object=…"
)
KEY_FORMS = "vault-transit:MOUNT/KEY, azure-key:VAULT/KEY[/VERSION] or pkcs11:token=…;object=…"

_VAULT = re.compile(
    r"(?P<path>[A-Za-z0-9_][A-Za-z0-9._~@ -]*(?:/[A-Za-z0-9_][A-Za-z0-9._~@ -]*)+)#(?P<field>[\w.-]{1,128})"
)
_TRANSIT = re.compile(
    r"(?P<mount>[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*)/(?P<key>[A-Za-z0-9._-]+)"
)
_AZURE = re.compile(
    r"(?P<vault>[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9])/(?P<name>[A-Za-z0-9-]{1,127})(?:/(?P<version>[A-Za-z0-9]{1,64}))?"
)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._:@-]*")
_LONGEST = 512


@dataclass(frozen=True, slots=True)
class VaultField:
    """One field of one secret in a key-value engine; `path` begins with the engine's mount."""

    path: str
    field: str


@dataclass(frozen=True, slots=True)
class TransitKey:
    mount: str
    name: str


@dataclass(frozen=True, slots=True)
class AzureItem:
    """A secret or a key of one Azure Key Vault; without a version, the newest."""

    vault: str
    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class TokenObject:
    """An object on a PKCS #11 token, as RFC 7512 names it; an empty part is not asked for."""

    token: str
    label: str
    id: bytes = b""


@dataclass(frozen=True, slots=True)
class SecretState:
    """What may be shown of a secret: when this value came to be, when it was last used, and until when it is good."""

    reference: str
    since: float | None = None
    last_used_at: float | None = None
    expires: date | None = None


def scheme_of(reference: str) -> str:
    return reference.partition(":")[0]


def is_reference(text: str) -> bool:
    """Whether this says where a secret is. What does not is perhaps the secret itself: it is not to be shown."""
    scheme, colon, rest = text.partition(":")
    if not colon or not rest or len(text) > _LONGEST:
        return False
    match scheme:
        case "keystore" | "env" | "credential":
            return _NAME.fullmatch(rest) is not None
        case "file":
            return rest.isprintable()
        case "vault":
            return _VAULT.fullmatch(rest) is not None
        case "azure":
            return _AZURE.fullmatch(rest) is not None
        case "pkcs11":
            return token_object(text) is not None
        case _:
            return False


def vault_field(reference: str) -> VaultField | None:
    found = _VAULT.fullmatch(reference.removeprefix("vault:"))
    return VaultField(found["path"], found["field"]) if found else None


def transit_key(reference: str) -> TransitKey | None:
    found = _TRANSIT.fullmatch(reference.removeprefix("vault-transit:"))
    return TransitKey(found["mount"], found["key"]) if found and reference.startswith("vault-transit:") else None


def azure_item(reference: str) -> AzureItem | None:
    """Of `azure:…` or `azure-key:…`."""
    found = _AZURE.fullmatch(reference.partition(":")[2])
    return AzureItem(found["vault"], found["name"], found["version"] or "") if found else None


def token_object(reference: str) -> TokenObject | None:
    """RFC 7512 section 2.3, of which `token`, `object` and `id` are read; a PIN has no place in a reference."""
    scheme, _, rest = reference.partition(":")
    if scheme != "pkcs11":
        return None
    parts: dict[str, str] = {}
    for each in rest.split(";"):
        name, equals, value = each.partition("=")
        if not equals or not value or name not in {"token", "object", "id"} or name in parts:
            return None
        parts[name] = value
    if "object" not in parts and "id" not in parts:
        return None
    identity = unquote(parts.get("id", ""), encoding="latin-1").encode("latin-1")
    return TokenObject(unquote(parts.get("token", "")), unquote(parts.get("object", "")), identity)


_LOOKS_SECRET = re.compile(
    r"-----BEGIN |\bhvs\.[\w-]{20}|\bs\.[A-Za-z0-9]{24}\b|\bwhsec_|\beyJ[\w-]{10,}\.|\bAKIA[A-Z0-9]{16}\b|\bgh[pousr]_\w{20}"
    r"|\bxox[abp]-|\b[A-Za-z0-9_~.-]{3}8Q~[\w~.-]{31,}"
    r"|://[^/@\s:]*:[^/@\s]+@"
    r"|\b(?=[A-Za-z0-9+/_-]*\d)(?=[A-Za-z0-9+/_-]*[A-Z])(?=[A-Za-z0-9+/_-]*[a-z])[A-Za-z0-9+/_-]{32,}={0,2}(?![\w.])"
)


def looks_like_a_secret(text: str) -> bool:
    """Well-known forms of tokens and keys, an address with a password in it, or a long run of mixed characters."""
    return "/" not in text[:1] and _LOOKS_SECRET.search(text) is not None


def without_password(url: str) -> str:
    """A database address as it may be shown."""
    return re.sub(r"(://[^/@\s:]*:)[^/@\s]+(@)", r"\1***\2", url)
