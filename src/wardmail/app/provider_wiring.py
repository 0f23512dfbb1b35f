"""Reads how people log in through an identity provider out of the settings, and chooses what that stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wardmail.app.failures import USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.settings import Settings
from wardmail.manage.people import vouched
from wardmail.model.person import Person, Role
from wardmail.model.provider_login import ProviderTerms, Unvouched
from wardmail.model.retention import A_DAY

if TYPE_CHECKING:
    from wardmail.edges.identity_provider import OidcProvider, ProviderPlace
    from wardmail.manage.provider_log_in import ProviderDesk

_MANY_TENANTS = ("common", "organizations", "consumers")


def identity_provider(installation: Installation) -> OidcProvider | None:
    """None where no provider is named. Raises CommandFailed when the settings cannot be used."""
    from wardmail.edges.identity_provider import OidcProvider

    settings = installation.settings
    if not settings["oidc.issuer"]:
        return None
    place, terms = provider_place(settings), provider_terms(settings)
    return OidcProvider(place, terms, installation.secrets, installation.clock)


def require_provider(settings: Settings) -> None:
    """What a worker would find to be wrong, before one begins. Raises CommandFailed."""
    if settings["listen.https"]:
        pages_address(settings)
    if settings["oidc.issuer"]:
        provider_place(settings)
        provider_terms(settings)


def provider_desk(installation: Installation) -> ProviderDesk | None:
    """The same. Raises CommandFailed."""
    from wardmail.manage.provider_log_in import ProviderDesk

    provider = identity_provider(installation)
    if provider is None:
        return None
    terms = provider_terms(installation.settings)
    return ProviderDesk(
        provider,
        installation.provider_logins,
        installation.people,
        terms,
        clock=installation.clock,
        pepper=installation.pepper,
    )


def as_vouched(installation: Installation, person: Person) -> Person | Unvouched:
    """Somebody who is proved by their own key, as far as their provider vouches for them. Blocks."""
    settings = installation.settings
    if not settings["oidc.issuer"]:
        return person
    word = installation.provider_logins.word_of(person.id)
    return vouched(person, word, installation.clock.now(), settings["oidc.key_days"] * A_DAY)


def pages_address(settings: Settings) -> str:
    """Without a slash at its end."""
    address = settings["pages.address"].rstrip("/") or _own_address(settings)
    if not _is_https(address) or urlsplit(address).path:
        raise _unusable("pages.address", "is no https address of a host", "Write https://mail.trust.example.")
    return str(address)


def _own_address(settings: Settings) -> str:
    ports = [each.rpartition(":")[2] for each in settings["listen.https"]]
    return f"https://{settings['gateway.hostname']}" + (f":{ports[0]}" if ports and "443" not in ports else "")


def provider_place(settings: Settings) -> ProviderPlace:
    from wardmail.edges.identity_provider import ProviderPlace
    from wardmail.web.pages.identity import FINISH

    issuer, secret, key = (settings[f"oidc.{name}"] for name in ("issuer", "client_secret", "client_key"))
    if not _is_https(issuer):
        raise _unusable("oidc.issuer", "is no https address", "Copy it from the provider's discovery document.")
    if bool(secret) == bool(key):
        raise _unusable("oidc.client_secret", "or oidc.client_key is needed, and not both", "Name one of them.")
    if "openid" not in settings["oidc.scopes"]:
        raise _unusable("oidc.scopes", "lacks openid", "Without it, the provider vouches for nobody.")
    own = pages_address(settings)
    ca_file = settings["oidc.ca_file"] or None
    return ProviderPlace(issuer, own + FINISH, f"{own}/log-in", tuple(settings["oidc.scopes"]), secret, key, ca_file)


def provider_terms(settings: Settings) -> ProviderTerms:
    if not settings["oidc.client_id"]:
        raise _unusable("oidc.client_id", "is empty", "The provider gave it when the gateway was registered there.")
    if settings["oidc.newcomers"] not in {"create", "refuse"}:
        raise _unusable("oidc.newcomers", "is neither create nor refuse", "Write one of them.")
    segments = urlsplit(settings["oidc.issuer"]).path.split("/")
    if any(each in segments for each in _MANY_TENANTS) and not settings["oidc.tenants"]:
        raise _unusable("oidc.tenants", "is empty, and the issuer serves every tenant", "Name the tenants that may.")
    return ProviderTerms(
        settings["oidc.client_id"],
        tuple(_group_and_role(each) for each in settings["oidc.roles"]),
        settings["oidc.subject_claim"],
        settings["oidc.groups_claim"],
        tuple(settings["oidc.amr"]),
        tuple(settings["oidc.acr"]),
        tuple(settings["oidc.tenants"]),
        settings["oidc.newcomers"] == "create",
    )


def _group_and_role(text: str) -> tuple[str, Role]:
    group, _, role = (part.strip() for part in text.rpartition("="))
    try:
        if group:
            return group, Role(role)
    except ValueError:
        pass
    raise _unusable("oidc.roles", f"has {text!r}", f"Write 'group = role'; roles are {', '.join(Role)}.")


def _is_https(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not parts.query and not parts.fragment


def _unusable(key: str, what: str, hint: str) -> CommandFailed:
    return CommandFailed("WM-CONFIG-OIDC", f"The setting {key} {what}.", hint, USAGE)
