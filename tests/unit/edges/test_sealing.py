"""Sealed content: opens where it belongs, whole and unchanged, and nowhere else."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from wardmail.edges import sealing
from wardmail.edges.keystore import Keystore
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.edges.sealed_file import CHUNK, SealedFileWriter, read_sealed_file, unsealed_size
from wardmail.edges.sealing import DATA_KEY, ContentSealer
from wardmail.edges.spool import SealedSpool
from wardmail.model.refusal import Unavailable

GROUP = "2027-01-15.30"
KEY = bytes(range(32))


@pytest.fixture
def master() -> MasterKey:
    return MasterKey(new_master_key().strip())


@pytest.fixture
def keystore(tmp_path: Path, master: MasterKey) -> Keystore:
    return Keystore.create(tmp_path / "keystore.json", master)


@pytest.fixture
def sealer(keystore: Keystore) -> ContentSealer:
    return ContentSealer(keystore)


def test_what_is_sealed_opens_in_its_place(sealer: ContentSealer) -> None:
    sealed = sealer.seal((b"one ", b"two"), b"body 1", GROUP)
    assert b"one" not in sealed
    assert sealer.open(sealed, b"body 1") == b"one two"
    assert sealer.seal((b"one ", b"two"), b"body 1", GROUP) != sealed
    with pytest.raises(Unavailable, match="belongs elsewhere"):
        sealer.open(sealed, b"body 2")


def test_every_changed_octet_is_noticed(sealer: ContentSealer) -> None:
    sealed = sealer.seal((b"text",), b"c", GROUP)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(Unavailable):
            sealer.open(bytes(changed), b"c")
    for length in range(len(sealed)):
        with pytest.raises(Unavailable):
            sealer.open(sealed[:length], b"c")


def test_another_process_opens_it_and_uses_the_same_key(
    sealer: ContentSealer, keystore: Keystore, tmp_path: Path, master: MasterKey
) -> None:
    other = ContentSealer(Keystore.open(tmp_path / "keystore.json", master))
    assert other.open(sealer.seal((b"x",), b"c", GROUP), b"c") == b"x"
    assert sealer.open(other.seal((b"y",), b"c", GROUP), b"c") == b"y"
    assert keystore.names(DATA_KEY) == [f"data:{GROUP}"]


def test_what_another_process_sealed_a_moment_ago_is_opened_at_once(tmp_path: Path, master: MasterKey) -> None:
    """A worker looks at the keystore once a second; a message under a new key of another's must not wait for that."""
    Keystore.create(tmp_path / "keystore.json", master)
    ours, theirs = (Keystore.open(tmp_path / "keystore.json", master, follow_every=3600) for _ in range(2))
    assert ours.names() == []
    sealed = ContentSealer(theirs).seal((b"a letter",), b"body 1", GROUP)
    assert ContentSealer(ours).open(sealed, b"body 1") == b"a letter"


def test_a_secret_that_another_process_entered_a_moment_ago_is_revealed(tmp_path: Path, master: MasterKey) -> None:
    Keystore.create(tmp_path / "keystore.json", master)
    ours, theirs = (Keystore.open(tmp_path / "keystore.json", master, follow_every=3600) for _ in range(2))
    assert ours.names() == []
    theirs.put("pw", "route-secret", b"s3cret")
    assert ours.reveal("pw") == b"s3cret"
    with pytest.raises(Unavailable, match="no entry"):
        ours.reveal("nothing")


def test_each_group_has_its_key_and_a_destroyed_key_shreds(sealer: ContentSealer, keystore: Keystore) -> None:
    first = sealer.seal((b"x",), b"c", GROUP)
    second = sealer.seal((b"y",), b"c", "2027-01-15.7")
    assert sealer.groups() == [GROUP, "2027-01-15.7"]
    assert sealer.open(first, b"c") == b"x"
    sealer.destroy(GROUP)
    assert keystore.names(DATA_KEY) == ["data:2027-01-15.7"]
    with pytest.raises(Unavailable, match="not in the keystore"):
        sealer.open(first, b"c")
    assert sealer.open(second, b"c") == b"y"
    assert sealer.open(sealer.seal((b"z",), b"c", GROUP), b"c") == b"z", "a new key, which opens nothing old"
    with pytest.raises(Unavailable):
        sealer.open(first, b"c")


def test_a_key_that_another_process_destroyed_is_not_used_any_more(
    sealer: ContentSealer, tmp_path: Path, master: MasterKey
) -> None:
    sealed = sealer.seal((b"x",), b"c", GROUP)
    ContentSealer(Keystore.open(tmp_path / "keystore.json", master)).destroy(GROUP)
    with pytest.raises(Unavailable):
        sealer.open(sealed, b"c")
    again = sealer.seal((b"x",), b"c", GROUP)
    assert ContentSealer(Keystore.open(tmp_path / "keystore.json", master)).open(again, b"c") == b"x"


def test_a_key_is_not_used_too_often(
    sealer: ContentSealer, keystore: Keystore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "_MOST_USES", 3)
    sealed = [sealer.seal((b"x",), b"c", GROUP) for _ in range(10)]
    assert len(keystore.names(DATA_KEY)) == 4
    assert all(sealer.open(each, b"c") == b"x" for each in sealed)


def test_keys_do_not_show_themselves(sealer: ContentSealer, keystore: Keystore) -> None:
    sealer.seal((b"x",), b"c", GROUP)
    secret = keystore.reveal(keystore.names(DATA_KEY)[0])
    key = sealing.DataKeys(keystore).of_group(GROUP)
    assert str(secret) not in repr(key)
    assert secret.hex() not in repr(key)


def write_file(path: Path, content: bytes, step: int = 100_000) -> None:
    with path.open("wb") as file:
        writer = SealedFileWriter(file, KEY, b"ctx")
        for start in range(0, len(content), step):
            writer.write(content[start : start + step])
        writer.finish()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7])
@pytest.mark.parametrize("step", [65_536, 10 * CHUNK])
def test_files_of_any_size(tmp_path: Path, size: int, step: int) -> None:
    content = os.urandom(size)
    path = tmp_path / "f"
    write_file(path, content, step)
    assert b"".join(read_sealed_file(path, KEY, b"ctx")) == content
    assert unsealed_size(path.stat().st_size) == size


def test_files_that_were_tampered_with(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_file(path, os.urandom(3 * CHUNK + 7))
    whole = path.read_bytes()
    head, sealed_chunk = 4, CHUNK + 16
    chunks = [whole[start : start + sealed_chunk] for start in range(head, len(whole), sealed_chunk)]
    swapped = [chunks[1], chunks[0], *chunks[2:]]
    for forged in (
        whole[:-1],
        whole[: head + 3 * sealed_chunk],
        whole[: head + sealed_chunk],
        whole[:head],
        whole[:3],
        b"",
        whole + b"x",
        whole + chunks[-1],
        whole[:head] + b"".join(swapped),
        whole[:head] + b"".join(chunks[1:]),
        whole[:40] + bytes([whole[40] ^ 1]) + whole[41:],
        whole[:20] + bytes([whole[20] ^ 1]) + whole[21:],
        b"WMF\x01" + whole[4:],
    ):
        path.write_bytes(forged)
        with pytest.raises(Unavailable):
            list(read_sealed_file(path, KEY, b"ctx"))
    path.write_bytes(whole)
    with pytest.raises(Unavailable, match="belongs elsewhere"):
        list(read_sealed_file(path, KEY, b"other"))
    with pytest.raises(Unavailable, match="belongs elsewhere"):
        list(read_sealed_file(path, bytes(32), b"ctx"))
    with pytest.raises(Unavailable, match="No such file"):
        list(read_sealed_file(tmp_path / "absent", KEY, b"ctx"))


def test_an_unfinished_file_does_not_open(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    writer = SealedFileWriter(buffer, KEY, b"ctx")
    writer.write(b"x" * (2 * CHUNK))
    (tmp_path / "f").write_bytes(buffer.getvalue())
    with pytest.raises(Unavailable):
        list(read_sealed_file(tmp_path / "f", KEY, b"ctx"))


@pytest.fixture
def spool(tmp_path: Path) -> SealedSpool:
    (tmp_path / "spool").mkdir()
    return SealedSpool(tmp_path / "spool")


def test_a_spooled_body_comes_back(spool: SealedSpool, tmp_path: Path) -> None:
    sink = spool.open_sink("01ABC")
    for _ in range(10):
        sink.write(b"A line of text.\r\n" * 10_000)
    body = sink.finish()
    assert body.is_spooled
    assert body.size == 1_700_000
    assert body.key.hex() not in repr(body)
    again = spool.open_body(body.name, body.key)
    assert again.size == body.size
    assert b"".join(again.chunks()) == b"".join(body.chunks()) == b"A line of text.\r\n" * 100_000
    assert b"A line" not in (tmp_path / "spool" / "01ABC.sealed").read_bytes()
    spool.remove("01ABC")
    with pytest.raises(Unavailable, match="No such file"):
        spool.open_body("01ABC", body.key)


def test_a_body_does_not_open_under_another_name(spool: SealedSpool, tmp_path: Path) -> None:
    body = spool.open_sink("a").finish()
    (tmp_path / "spool" / "a.sealed").rename(tmp_path / "spool" / "b.sealed")
    with pytest.raises(Unavailable, match="belongs elsewhere"):
        list(spool.open_body("b", body.key).chunks())


def test_a_discarded_or_failed_body_leaves_nothing(spool: SealedSpool, tmp_path: Path) -> None:
    sink = spool.open_sink("a")
    sink.write(b"x" * 1_000_000)
    sink.discard()
    sink.discard()
    failing = spool.open_sink("b")
    failing._file.close()
    with pytest.raises((Unavailable, ValueError)):
        failing.write(b"x" * 1_000_000)
    assert list((tmp_path / "spool").iterdir()) == []


def test_no_room_is_said_before_anything_is_written(
    spool: SealedSpool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wardmail.edges.spool.RESERVE", 2**62)
    with pytest.raises(Unavailable, match="free on its disk"):
        spool.open_sink("a")
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_full_disk_is_unavailable(spool: SealedSpool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = spool.open_sink("a")
    monkeypatch.setattr("os.fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(Unavailable, match="No space left"):
        sink.finish()
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a.b", "x" * 101])
def test_names_cannot_leave_the_spool(spool: SealedSpool, name: str) -> None:
    with pytest.raises(ValueError, match="spool name"):
        spool.open_body(name, KEY)


def test_old_bodies_are_listed_and_unfinished_ones_cleared(spool: SealedSpool, tmp_path: Path) -> None:
    spool.open_sink("old").finish()
    spool.open_sink("cut").write(b"x")
    for path in (tmp_path / "spool").iterdir():
        os.utime(path, (1000, 1000))
    spool.open_sink("new").finish()
    assert spool.names(older_than=2000) == ["old"]
    assert sorted(path.name for path in (tmp_path / "spool").iterdir()) == ["new.sealed", "old.sealed"]
