"""The keystore: secrets stay secret, changes are seen everywhere, and no crash or forgery goes unnoticed."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wardmail.edges.keys import KeystoreSecrets
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, master_key, new_master_key
from wardmail.model.refusal import Unavailable

SECRET = b"correct horse battery staple"


@pytest.fixture
def master() -> MasterKey:
    return MasterKey(new_master_key().strip())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keystore.json"


@pytest.fixture
def keystore(path: Path, master: MasterKey) -> Keystore:
    return Keystore.create(path, master)


def test_what_is_put_is_revealed_by_any_process(keystore: Keystore, path: Path, master: MasterKey) -> None:
    keystore.put("nhsmail", "route-secret", SECRET, note="x")
    other = Keystore.open(path, master)
    assert other.reveal("nhsmail") == SECRET
    assert other.names("route-secret") == ["nhsmail"]
    assert other.names("dkim") == []
    assert other.entry("nhsmail").meta == {"note": "x"}
    assert SECRET not in path.read_bytes()
    assert base64.b64encode(SECRET) not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


def test_changes_of_others_are_seen_at_once(keystore: Keystore, path: Path, master: MasterKey) -> None:
    other = Keystore.open(path, master)
    before = other.version
    assert other.version == before
    keystore.put("a", "route-secret", b"1")
    assert other.reveal("a") == b"1"
    assert other.version == before + 1
    keystore.put("a", "route-secret", b"2")
    assert other.reveal("a") == b"2"
    other.delete("a")
    with pytest.raises(Unavailable, match="no entry 'a'"):
        keystore.reveal("a")


def test_describing_an_entry_keeps_its_secret(keystore: Keystore) -> None:
    keystore.put("k", "dkim", SECRET, state="active")
    keystore.describe("k", state="retired")
    assert keystore.entry("k").meta == {"state": "retired"}
    assert keystore.reveal("k") == SECRET


def test_of_two_that_enter_a_name_the_first_wins(keystore: Keystore, path: Path, master: MasterKey) -> None:
    Keystore.open(path, master).put_if_absent("k", "data-key", b"first")
    keystore.put_if_absent("k", "data-key", b"second")
    assert keystore.reveal("k") == b"first"


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "a\n", ".hidden", "x" * 201])
def test_a_name_must_be_one(keystore: Keystore, name: str) -> None:
    with pytest.raises(ValueError, match="name of a secret"):
        keystore.put(name, "route-secret", b"x")


def test_an_existing_keystore_is_not_overwritten(keystore: Keystore, path: Path, master: MasterKey) -> None:
    keystore.put("a", "route-secret", SECRET)
    with pytest.raises(Unavailable, match="not overwritten"):
        Keystore.create(path, master)
    assert keystore.reveal("a") == SECRET


def test_another_master_key_opens_nothing(keystore: Keystore, path: Path) -> None:
    with pytest.raises(Unavailable, match="master key does not open it"):
        Keystore.open(path, MasterKey(new_master_key().strip()))
    with pytest.raises(Unavailable, match="master key does not open it"):
        Keystore.open(path, MasterKey(b"a passphrase of some length"))


def _edit(path: Path, change: Callable[[dict[str, dict[str, dict[str, object]]]], None]) -> None:
    plain = json.loads(path.read_text())
    change(plain)
    path.write_text(json.dumps(plain))


def test_forged_entries_do_not_open(keystore: Keystore, path: Path) -> None:
    keystore.put("a", "dkim", SECRET, state="retired")
    keystore.put("b", "dkim", b"other", state="active")
    original = path.read_text()
    forgeries: list[Callable[[dict[str, dict[str, dict[str, object]]]], None]] = [
        lambda plain: plain["entries"]["a"].update(meta={"state": "active"}),
        lambda plain: plain["entries"]["a"].update(kind="route-secret"),
        lambda plain: plain["entries"].update(a=plain["entries"]["b"]),
        lambda plain: plain["entries"]["a"].update(sealed=base64.b64encode(b"x" * 40).decode()),
        lambda plain: plain["entries"]["a"].update(sealed=""),
    ]
    for forge in forgeries:
        path.write_text(original)
        _edit(path, forge)
        with pytest.raises(Unavailable, match="tampered") as caught:
            keystore.reveal("a")
        assert SECRET.decode() not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": "other"}', '{"format": "wardmail-keystore-1", "entries": {"a": 1}}']
)
def test_a_damaged_file_is_unavailable(keystore: Keystore, path: Path, text: str) -> None:
    keystore.put("a", "dkim", SECRET)
    path.write_text(text)
    with pytest.raises(Unavailable, match="damaged"):
        keystore.reveal("a")


def test_a_vanished_or_exchanged_file_is_unavailable(keystore: Keystore, path: Path, master: MasterKey) -> None:
    path.unlink()
    with pytest.raises(Unavailable, match="No such file"):
        keystore.names()
    Keystore.create(path, MasterKey(new_master_key().strip()))
    with pytest.raises(Unavailable, match="replaced by another"):
        keystore.names()


def test_a_keystore_that_was_restored_is_followed(keystore: Keystore, path: Path) -> None:
    keystore.put("a", "route-secret", b"of yesterday")
    backup = path.read_bytes()
    keystore.put("a", "route-secret", b"of today")
    path.write_bytes(backup)
    assert keystore.reveal("a") == b"of yesterday"


def _writer(path: Path, master_path: Path, body: str) -> subprocess.Popen[bytes]:
    code = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from wardmail.edges.keystore import Keystore
        from wardmail.edges.master_key import master_key
        keystore = Keystore.open(Path({str(path)!r}), master_key("file:{master_path}"))
        print("ready", flush=True)
        """) + textwrap.dedent(body)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


@pytest.fixture
def master_path(tmp_path: Path) -> Path:
    place = tmp_path / "master.key"
    place.write_bytes(new_master_key())
    place.chmod(0o600)
    return place


def test_writers_in_several_processes_lose_nothing(path: Path, master_path: Path) -> None:
    keystore = Keystore.create(path, master_key(f"file:{master_path}"))
    writers = [
        _writer(path, master_path, f"for n in range(20): keystore.put(f'w{number}-{{n}}', 'k', b'x')")
        for number in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(keystore.names("k")) == 60


def test_a_writer_killed_at_any_moment_leaves_a_whole_keystore(path: Path, master_path: Path) -> None:
    keystore = Keystore.create(path, master_key(f"file:{master_path}"))
    keystore.put("kept", "k", SECRET)
    for attempt in range(4):
        body = f"n = 0\nwhile True:\n    n += 1\n    keystore.put(f'a{attempt}-{{n % 5}}', 'k', b'x' * 50_000)"
        writer = _writer(path, master_path, body)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(0.05 + 0.02 * attempt)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait(10)
        writer.stdout.close()
        fresh = Keystore.open(path, master_key(f"file:{master_path}"))
        assert fresh.reveal("kept") == SECRET
        assert all(fresh.reveal(name) for name in fresh.names())
    keystore.put("last", "k", b"x")
    assert not list(path.parent.glob(".*.unfinished"))


def test_nothing_shows_a_secret(keystore: Keystore, master: MasterKey) -> None:
    keystore.put("a", "dkim", SECRET)
    shown = repr(keystore) + repr(master) + str(vars(keystore)["_state"]) + repr(keystore.entry("a"))
    assert SECRET.decode() not in shown


def test_references(keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keystore.put("nhsmail", "route-secret", SECRET)
    (tmp_path / "secret").write_bytes(b"from a file\n")
    (tmp_path / "secret").chmod(0o640)
    monkeypatch.setenv("SOME_SECRET", "from the environment")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "cred").write_bytes(b"from systemd")
    secrets = KeystoreSecrets(keystore)
    assert secrets.reveal("keystore:nhsmail") == SECRET
    assert secrets.reveal(f"file:{tmp_path}/secret") == b"from a file"
    assert secrets.reveal("env:SOME_SECRET") == b"from the environment"
    assert secrets.reveal("credential:cred") == b"from systemd"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("keystore:absent", "no entry 'absent'"),
        ("file:/no/such/file", "No such file"),
        ("env:NO_SUCH_VARIABLE", "empty or not set"),
        ("credential:../x", "reference is not"),
        ("vault:x", "reference is not"),
        ("hunter2", "reference is not"),
        ("file:", "reference is not"),
    ],
)
def test_references_that_cannot_be_read(keystore: Keystore, reference: str, words: str) -> None:
    with pytest.raises(Unavailable, match=words) as caught:
        KeystoreSecrets(keystore).reveal(reference)
    assert "hunter2" not in str(caught.value)


def test_credentials_need_systemd(keystore: Keystore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(Unavailable, match="CREDENTIALS_DIRECTORY"):
        KeystoreSecrets(keystore).reveal("credential:x")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_master_key_that_others_can_read_is_refused(master_path: Path, mode: int) -> None:
    master_path.chmod(mode)
    with pytest.raises(Unavailable, match="chmod 600"):
        master_key(f"file:{master_path}")


@pytest.mark.parametrize("text", [b"short", b"wardmail-master-1:!!!", b"wardmail-master-1:AAAA", b""])
def test_what_is_no_master_key(tmp_path: Path, text: bytes) -> None:
    place = tmp_path / "m"
    place.write_bytes(text)
    place.chmod(0o600)
    with pytest.raises(Unavailable) as caught:
        master_key(f"file:{place}")
    assert not text or text.decode() not in str(caught.value)


def test_a_passphrase_opens_what_it_created(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSPHRASE", "a long enough passphrase")
    Keystore.create(path, master_key("env:PASSPHRASE")).put("a", "k", SECRET)
    assert Keystore.open(path, master_key("env:PASSPHRASE")).reveal("a") == SECRET
