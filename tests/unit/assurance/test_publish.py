"""The DNS records of a sender domain: complete, within DNS's limits, and read back by a real zone parser."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import dns.zone
import pytest

from wardmail.assurance.publish import dkim_record, records_to_publish, zone_lines
from wardmail.edges.keys import add_dkim_key, public_key
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key

DOMAIN = "sender.example"


@pytest.fixture
def keys(tmp_path: Path) -> list[tuple[str, str, bytes]]:
    keystore = Keystore.create(tmp_path / "keystore.json", MasterKey(new_master_key().strip()))
    return [
        (selector, algorithm, public_key(keystore, add_dkim_key(keystore, DOMAIN, selector, algorithm)))
        for selector, algorithm in (("r1", "rsa-sha256"), ("e1", "ed25519-sha256"))
    ]


def test_what_is_published(keys: list[tuple[str, str, bytes]]) -> None:
    records = {record.name: record.value for record in records_to_publish(DOMAIN, keys)}
    assert records["r1._domainkey.sender.example"].startswith("v=DKIM1; h=sha256; k=rsa; p=MIIB")
    assert records["e1._domainkey.sender.example"].startswith("v=DKIM1; h=sha256; k=ed25519; p=")
    assert len(records["e1._domainkey.sender.example"]) == len("v=DKIM1; h=sha256; k=ed25519; p=") + 44
    assert records["sender.example"] == "v=spf1 mx ~all"
    assert records["_dmarc.sender.example"] == "v=DMARC1; p=none; rua=mailto:dmarc-reports@sender.example"
    assert records["_smtp._tls.sender.example"] == "v=TLSRPTv1; rua=mailto:tls-reports@sender.example"
    assert records["_mta-sts.sender.example"] == "v=STSv1; id=1"


def test_senders_and_report_address() -> None:
    records = records_to_publish(DOMAIN, (), senders=("include:spf.relay.example",), reports_to="r@agency.example")
    values = [record.value for record in records]
    assert values[0] == "v=spf1 include:spf.relay.example ~all"
    assert all("mailto:r@agency.example" in value for value in values[1:3])
    assert "pct" not in " ".join(values)


def test_the_zone_reads_back_with_every_value_whole(keys: list[tuple[str, str, bytes]]) -> None:
    records = records_to_publish(DOMAIN, keys)
    text = "\n".join(["@ 3600 IN SOA ns hostmaster 1 1 1 1 1", "@ 3600 IN NS ns.other.example.", *zone_lines(records)])
    zone = dns.zone.from_text(text, origin=DOMAIN, relativize=False)
    for record in records:
        (found,) = zone.find_rdataset(f"{record.name}.", record.type)
        assert all(len(piece) <= 255 for piece in found.strings)
        assert b"".join(found.strings).decode() == record.value
        assert found.strings[0].decode() == record.strings[0]


def test_quotes_and_backslashes_stay_what_they_are() -> None:
    record = dkim_record(DOMAIN, "s", "ed25519-sha256", b"x" * 32)
    odd = type(record)(record.name, "TXT", 'a"b\\c', "why")
    assert list(zone_lines([odd]))[1].endswith('"a\\"b\\\\c"')


@pytest.mark.skipif(not shutil.which("knotc"), reason="Knot DNS is not installed")
def test_a_name_server_accepts_the_zone(keys: list[tuple[str, str, bytes]], tmp_path: Path) -> None:
    lines = ["@ 3600 IN SOA ns hostmaster 1 1 1 1 1", "@ 3600 IN NS ns.other.example."]
    (tmp_path / "zone").write_text("\n".join([*lines, *zone_lines(records_to_publish(DOMAIN, keys)), ""]))
    config = tmp_path / "knot.conf"
    config.write_text(
        f"server:\n  rundir: {tmp_path}\ndatabase:\n  storage: {tmp_path}\n"
        f"zone:\n  - domain: {DOMAIN}\n    file: {tmp_path}/zone\n"
    )
    checked = ["knotc", "-c", str(config), "zone-check", DOMAIN]
    ran = subprocess.run(checked, capture_output=True, text=True, timeout=30)
    assert ran.returncode == 0, ran.stderr + ran.stdout
