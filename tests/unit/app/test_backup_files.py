"""A backup may come from a stranger: no name in it leads out of its directory, and nothing in it breaks the reader."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from wardmail.app.backup_files import (
    FORMAT,
    FileFacts,
    Manifest,
    damage,
    list_of,
    read_manifest,
    unpack,
    write_manifest,
)
from wardmail.app.failures import CommandFailed


def _manifest(files: object) -> Manifest:
    return Manifest(1.0, "0", "0004", "sqlite", 1, "00", (), files)  # type: ignore[arg-type]


def _archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for member, octets in members:
            member.size = len(octets)
            archive.addfile(member, io.BytesIO(octets))
    return path


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/x",
        "spool/../../x",
        "spool/..",
        "settings/../x",
        "settings/a/../b",
        "spool/a/b",
        "master.key",
        "x",
        "",
    ],
)
def test_a_name_that_leads_elsewhere_is_no_backup(tmp_path: Path, name: str) -> None:
    archive = _archive(tmp_path / "a.tar", (tarfile.TarInfo(name), b"x"))
    with pytest.raises(CommandFailed, match="no whole backup"):
        unpack(archive, tmp_path / "inside")
    (tmp_path / "m").mkdir()
    write_manifest(tmp_path / "m", _manifest({name: FileFacts(1, "0")}))
    with pytest.raises(CommandFailed, match="no whole backup"):
        read_manifest(tmp_path / "m")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
def test_only_regular_files_are_unpacked(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("spool/a.sealed")
    member.type, member.linkname = kind, "/etc/passwd"
    with pytest.raises(CommandFailed):
        unpack(_archive(tmp_path / "a.tar", (member, b"")), tmp_path / "inside")


def test_a_file_twice_is_no_backup(tmp_path: Path) -> None:
    pair = ((tarfile.TarInfo("keystore.json"), b"a"), (tarfile.TarInfo("keystore.json"), b"b"))
    with pytest.raises(CommandFailed):
        unpack(_archive(tmp_path / "a.tar", *pair), tmp_path / "inside")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", "[" * 5000, json.dumps({"format": FORMAT}), json.dumps({"format": "x"}), "\x00"]
)
def test_a_list_that_is_none_is_told_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(CommandFailed, match="no whole backup"):
        read_manifest(tmp_path)


def test_every_difference_from_the_list_is_found(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    for name in ("keystore.json", "spool/a.sealed", "spool/b.sealed", "spool/c.sealed"):
        (tmp_path / name).write_text("as it was")
    write_manifest(tmp_path, _manifest(list_of(tmp_path)))
    manifest = read_manifest(tmp_path)
    assert list(damage(tmp_path, manifest)) == []
    (tmp_path / "keystore.json").write_text("as it wAs")
    (tmp_path / "spool/a.sealed").unlink()
    (tmp_path / "spool/b.sealed").unlink()
    (tmp_path / "spool/b.sealed").symlink_to(tmp_path / "spool/c.sealed")
    (tmp_path / "spool/d.sealed").write_text("planted")
    assert list(damage(tmp_path, manifest)) == [
        "keystore.json is not what was saved",
        "spool/a.sealed is missing",
        "spool/b.sealed is missing",
        "spool/d.sealed is in nobody's list",
    ]
