"""`wardmail verify` as people run it: real process, real DNS with signed zones, signatures of OpenDKIM, dkimpy and our own."""

from __future__ import annotations

import getpass
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.gateway import WARDMAIL
from tests.journeys.peers.dns import running_dns
from tests.journeys.peers.ground import need
from tests.sealing import sealed
from tests.signatures import HEAD, MESSAGE, NOW, ed25519_record, rsa_pem, rsa_record, signed
from wardmail.app.failures import FINDINGS, TRY_LATER

pytestmark = pytest.mark.journey


def _txt(text: str) -> str:
    return " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))


ZONE = [
    f"s1._domainkey TXT {_txt(rsa_record())}",
    f"ed._domainkey TXT {_txt(ed25519_record())}",
    "alias._domainkey CNAME s1._domainkey",
    f"_dmarc TXT {_txt('v=DMARC1; p=reject; sp=quarantine')}",
    "@ TXT \"v=spf1 include:spf.sender.example -all\"",
    'spf TXT "v=spf1 ip4:11.0.0.0/8 ~all"',
    "mail A 11.0.0.5",
    "app A 11.0.0.6",
]  # fmt: skip
HOP = [f"s1._domainkey TXT {_txt(rsa_record(rsa_pem(1024)))}"]
REVERSE = ["5.0.0 PTR mail.sender.example."]


@pytest.fixture(scope="module")
def dns():
    zones = {"sender.example": ZONE, "one.example": HOP}
    with running_dns(
        {"11.in-addr.arpa": REVERSE, "example": ["stranger A 11.0.0.7"]}, zones, ["silent.example"]
    ) as running:
        yield running


@pytest.fixture
def verify(dns, tmp_path):
    def run(message: bytes, *words: str, status: int = 0) -> dict[str, Any]:
        file = tmp_path / "message.eml"
        file.write_bytes(message)
        command = [WARDMAIL, "verify", str(file), "--resolver", f"127.0.0.1:{dns.port}", "--now", str(NOW), "--json"]
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=40, cwd=tmp_path)
        assert done.returncode == status, (done.stdout, done.stderr)
        return json.loads(done.stdout)

    return run


def test_everything_is_proved(verify):
    words = ("--ip", "11.0.0.5", "--helo", "mail.sender.example", "--mail-from", "bounce@sender.example")
    found = verify(sealed(signed(), "one.example", 1), *words)
    assert found["spf"]["result"] == "pass"
    assert [(each["s"], each["result"]) for each in found["dkim"]] == [("s1", "pass")]
    assert found["arc"]["cv"] == "pass"
    assert found["dmarc"]["result"] == "pass"
    assert found["iprev"] == {"result": "pass", "name": "mail.sender.example"}


@pytest.mark.parametrize("algorithm", ["rsa-sha256", "ed25519-sha256"])
def test_signatures_of_dkimpy(verify, algorithm):
    assert verify(signed(algorithm=algorithm).replace(b"\r\n", b"\n"))["dkim"][0]["result"] == "pass"


def test_a_forgery_is_told(verify):
    found = verify(MESSAGE, "--ip", "192.0.2.1", "--mail-from", "a@sender.example", status=FINDINGS)
    assert found["spf"]["result"] == "fail"
    assert (found["dmarc"]["result"], found["dmarc"]["disposition"]) == ("fail", "reject")
    below = verify(MESSAGE.replace(b"@sender", b"@app.sender"), status=FINDINGS)
    assert below["dmarc"]["disposition"] == "quarantine"


def test_a_domain_whose_dns_is_broken_is_to_be_tried_later(verify):
    found = verify(MESSAGE.replace(b"@sender.example>", b"@silent.example>"), status=TRY_LATER)
    assert found["dmarc"]["result"] == "temperror"
    assert (
        verify(MESSAGE.replace(b"@sender.example>", b"@stranger.example>"), status=FINDINGS)["dmarc"]["result"]
        == "none"
    )


@pytest.mark.parametrize("form", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
def test_signatures_of_opendkim(verify, tmp_path: Path, form: str):
    need("opendkim")
    # Read from a file, it loses blanks at the ends of a field's value.
    head = HEAD.replace(b"To:  ", b"To: ").replace(b"  \r\n", b"\r\n").replace(b" \r\n", b"\r\n")
    message = head + b"\r\nHello \t there  \r\n\r\n.\r\n \r\n\r\n"
    by_opendkim = _opendkim_field(message, form, tmp_path) + message
    assert verify(by_opendkim)["dkim"][0]["result"] == "pass"
    assert verify(by_opendkim.replace(b"Hello", b"Hallo"), status=FINDINGS)["dkim"][0]["result"] == "fail"


def _opendkim_field(message: bytes, form: str, directory: Path) -> bytes:
    """OpenDKIM tried on a file tells what field it would put in."""
    (directory / "key.pem").write_bytes(rsa_pem())
    (directory / "signed.eml").write_bytes(message)
    settings = {
        "Mode": "s", "Domain": "sender.example", "Selector": "alias", "KeyFile": directory / "key.pem",
        "Canonicalization": form, "SignatureAlgorithm": "rsa-sha256", "Syslog": "no", "UserID": getpass.getuser(),
        "RequireSafeKeys": "no", "InternalHosts": "0.0.0.0/0", "OversignHeaders": "From",
    }  # fmt: skip
    (directory / "opendkim.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    command: list[str | Path] = [
        "/usr/sbin/opendkim",
        "-t",
        directory / "signed.eml",
        "-x",
        directory / "opendkim.conf",
        "-vv",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    found = re.search(r"hname='DKIM-Signature' hvalue='([^']*)'", done.stdout + done.stderr)
    assert found, done
    return b"DKIM-Signature: " + found[1].encode().replace(b"\n", b"\r\n") + b"\r\n"
