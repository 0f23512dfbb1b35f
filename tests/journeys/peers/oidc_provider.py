"""The npm package `oidc-provider`, a certified OpenID provider, run with people of our choice."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from tests.journeys.peers.ground import Authority, free_port, is_listening, stop, wait_until

_HOME = Path(__file__).with_name("oidc")
_NODE = _HOME / "node_modules" / ".bin" / "node"  # a package too: Debian's own is too old for the provider
CLIENT, SECRET = "wardmail", "a secret of the client: 4711 /+"


@dataclass
class OpenIdProvider:
    """`people` are what a token says of each, by the name that they type. `back` is where browsers come back to."""

    people: Mapping[str, Mapping[str, Any]]
    back: str
    after_log_out: str
    port: int = field(default_factory=free_port)

    @property
    def issuer(self) -> str:
        return f"https://127.0.0.1:{self.port}"


@contextlib.contextmanager
def openid_provider(directory: Path, authority: Authority, provider: OpenIdProvider) -> Iterator[OpenIdProvider]:
    if not _NODE.exists() or not (_HOME / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("not installed: npm's oidc-provider (scripts/install-test-peers)")
    certificate = authority.issue("127.0.0.1")
    settings = directory / "oidc.json"
    settings.write_text(
        json.dumps(
            {
                "issuer": provider.issuer,
                "client_id": CLIENT,
                "client_secret": SECRET,
                "redirect": provider.back,
                "after_log_out": provider.after_log_out,
                "algorithm": "PS256",
                "keys": [{**RSAKey.generate_key(2048).as_dict(private=True), "use": "sig"}],
                "people": provider.people,
                "certificate": str(certificate.certificate),
                "key": str(certificate.key),
            }
        )
    )
    log = directory / "oidc.log"
    with log.open("wb") as out:
        process = subprocess.Popen([_NODE, _HOME / "provider.mjs", settings], stdout=out, stderr=out, cwd=_HOME)
    try:
        wait_until(lambda: is_listening(provider.port), "the provider", 20)
        yield provider
    finally:
        stop(process)
