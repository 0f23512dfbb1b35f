"""Settings of the log-in by a provider that cannot be used are told before anything starts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from wardmail.app.failures import CommandFailed
from wardmail.app.provider_wiring import pages_address, provider_place, provider_terms, require_provider
from wardmail.app.settings import Settings, Value, load
from wardmail.model.person import Role

GOOD = {
    "gateway.hostname": "mail.trust.example",
    "listen.https": ["[::]:443"],
    "oidc.issuer": "https://login.example/tenant/v2.0",
    "oidc.client_id": "us",
    "oidc.client_secret": "keystore:oidc",
    "oidc.roles": ["CN=Mail = owners,OU=x = owner", "readers = viewer"],
}


def settings(**changed: Any) -> Settings:
    loaded = load(environ={})
    values = {**GOOD, **{key.replace("__", "."): value for key, value in changed.items()}}
    return replace(loaded, values={**loaded.values, **{key: Value(value, "test") for key, value in values.items()}})


def test_what_is_right_is_read() -> None:
    found = settings()
    require_provider(found)
    place, terms = provider_place(found), provider_terms(found)
    assert place.redirect == "https://mail.trust.example/log-in/finish"
    assert terms.roles == (("CN=Mail = owners,OU=x", Role.OWNER), ("readers", Role.VIEWER))
    assert terms.amr == ("mfa",)


@pytest.mark.parametrize(
    ("ports", "address", "wanted"),
    [
        (["[::]:443"], "", "https://mail.trust.example"),
        (["127.0.0.1:8443"], "", "https://mail.trust.example:8443"),
        (["127.0.0.1:8443"], "https://pages.trust.example/", "https://pages.trust.example"),
    ],
)
def test_where_people_reach_the_pages(ports: list[str], address: str, wanted: str) -> None:
    assert pages_address(settings(listen__https=ports, pages__address=address)) == wanted


@pytest.mark.parametrize(
    "changed",
    [
        {"oidc__issuer": "http://login.example"},
        {"oidc__issuer": "https://login.example/?x=1"},
        {"oidc__issuer": "https://[::1"},
        {"oidc__client_id": ""},
        {"oidc__client_secret": ""},
        {"oidc__client_key": "file:/key"},
        {"oidc__scopes": ["profile"]},
        {"oidc__roles": ["nobody"]},
        {"oidc__roles": ["readers = king"]},
        {"oidc__roles": [" = owner"]},
        {"oidc__newcomers": "perhaps"},
        {"oidc__issuer": "https://login.microsoftonline.com/organizations/v2.0"},
        {"pages__address": "http://mail.trust.example"},
        {"pages__address": "https://mail.trust.example/gateway"},
    ],
)
def test_what_cannot_be_used_is_told(changed: dict[str, Any]) -> None:
    with pytest.raises(CommandFailed) as failure:
        require_provider(settings(**changed))
    assert failure.value.code == "WM-CONFIG-OIDC"


def test_an_issuer_of_many_tenants_names_those_that_may() -> None:
    many = "https://login.microsoftonline.com/organizations/v2.0"
    require_provider(settings(oidc__issuer=many, oidc__tenants=["aaaabbbb-0000-cccc-1111-dddd2222eeee"]))
