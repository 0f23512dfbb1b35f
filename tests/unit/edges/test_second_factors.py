"""What one process writes down of somebody's authenticator counts in every other at once."""

from __future__ import annotations

from pathlib import Path

from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.edges.second_factors import KeystoreSecondFactors


def test_another_process_knows_at_once(tmp_path: Path) -> None:
    path, master = tmp_path / "keystore.json", MasterKey(new_master_key().strip())
    ours, theirs = Keystore.create(path, master), Keystore.open(path, master, follow_every=3600)
    commands, pages = KeystoreSecondFactors(lambda: ours), KeystoreSecondFactors(lambda: theirs)
    assert pages.of("amina") is None
    commands.put("amina", b"first secret")
    assert pages.of("amina") == b"first secret"
    commands.put("amina", b"second secret")
    assert pages.of("amina") == b"second secret"
    commands.put("ben", b"of ben")
    pages.forget("ben")
    assert not commands.has("ben")
    commands.forget("amina")
    assert not pages.has("amina")
    assert pages.of("amina") is None
