"""The DNS server that `wardmail verify` is told to ask."""

from __future__ import annotations

import pytest

from wardmail.app.commands.verify import _resolver
from wardmail.app.failures import CommandFailed


@pytest.mark.parametrize(
    ("given", "configured", "server"),
    [
        ("127.0.0.1:5353", [], ("127.0.0.1", 5353)),
        ("localhost:5353", ["192.0.2.1"], ("127.0.0.1", 5353)),
        ("[::1]:53", [], ("::1", 53)),
        ("::1", [], ("::1", 53)),
        ("", ["192.0.2.1:54"], ("192.0.2.1", 54)),
    ],
)
def test_servers(given: str, configured: list[str], server: tuple[str, int]) -> None:
    (asked,) = _resolver(given, configured)._resolver.nameservers
    assert (asked.address if asked.address != "::1" or server[0] == "::1" else "127.0.0.1", asked.port) == server


@pytest.mark.parametrize("given", ["127.0.0.1:x", "127.0.0.1:99999", "no such host:53", "x..y:53"])
def test_what_is_no_server(given: str) -> None:
    with pytest.raises(CommandFailed):
        _resolver(given, [])
