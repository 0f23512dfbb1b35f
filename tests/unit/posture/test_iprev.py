"""A host's name counts only when it leads back to its address."""

from __future__ import annotations

import pytest
from tests.zones import Zone, ask

from wardmail.model.sender import AuthResult
from wardmail.posture.iprev import find_reverse_name

PTR = "1.2.0.192.in-addr.arpa"
V6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"


@pytest.mark.parametrize(
    ("ip", "names", "result", "name"),
    [
        ("192.0.2.1", {PTR: [{"PTR": "Mail.Example."}], "mail.example": [{"A": "192.0.2.1"}]}, AuthResult.PASS, "mail.example"),
        ("192.0.2.1", {PTR: [{"PTR": "mail.example."}], "mail.example": [{"A": "192.0.2.9"}]}, AuthResult.FAIL, ""),
        ("192.0.2.1", {PTR: [{"PTR": "mail.example."}]}, AuthResult.FAIL, ""),
        ("192.0.2.1", {}, AuthResult.PERMERROR, ""),
        ("192.0.2.1", {PTR: ["TIMEOUT"]}, AuthResult.TEMPERROR, ""),
        ("192.0.2.1", {PTR: [{"PTR": "mail.example."}], "mail.example": ["TIMEOUT"]}, AuthResult.TEMPERROR, ""),
        ("2001:db8::1", {V6: [{"PTR": "x6.example."}], "x6.example": [{"AAAA": "2001:db8::1"}]}, AuthResult.PASS, "x6.example"),
        ("::ffff:192.0.2.1", {PTR: [{"PTR": "m.example"}], "m.example": [{"A": "192.0.2.1"}]}, AuthResult.PASS, "m.example"),
    ],
)  # fmt: skip
def test_reverse_name(ip: str, names: dict[str, list[object]], result: AuthResult, name: str) -> None:
    found = ask(find_reverse_name(ip), Zone(names))
    assert (found.result, found.name) == (result, name)


def test_names_have_a_budget() -> None:
    zone = Zone({PTR: [{"PTR": f"h{number}.example."} for number in range(50)]})
    assert ask(find_reverse_name("192.0.2.1"), zone).result is AuthResult.FAIL
    assert len(zone.asked) == 11
