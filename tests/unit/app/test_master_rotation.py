"""The master key can be changed, stopped anywhere and gone on with; what an old one opened, it opens no more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from wardmail.app import master_rotation
from wardmail.app.failures import CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.master_rotation import begin_move, finish_move, rotate_in_place
from wardmail.app.set_up import write_whole
from wardmail.app.settings import load
from wardmail.edges.keystore import Keystore, _binding
from wardmail.edges.master_key import MasterKey, master_key, new_master_key
from wardmail.model.refusal import Unavailable

SECRET = b"correct horse battery staple"


class PowerCut(Exception):
    pass


class Place:
    """A keystore with one secret, its master key in a file, and an installation that uses both."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.master = directory / "master.key"
        self.master.write_bytes(new_master_key())
        self.master.chmod(0o600)
        self.keystore = directory / "keystore.json"
        Keystore.create(self.keystore, master_key(f"file:{self.master}")).put("a", "route-secret", SECRET)

    def opened(self, **settings: str) -> Installation:
        flags = {
            "gateway.data": str(self.directory),
            **{key.replace("__", "."): each for key, each in settings.items()},
        }
        return Installation(load(None, flags=flags, environ={}))

    def reveals(self, **settings: str) -> bool:
        return self.opened(**settings).keystore.reveal("a") == SECRET


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    yield Place(tmp_path)


def test_a_master_key_in_a_file_is_replaced(place: Place) -> None:
    old_text, old_file = place.master.read_bytes(), place.keystore.read_bytes()
    rotate_in_place(place.opened())
    assert place.master.read_bytes() != old_text
    assert place.master.stat().st_mode & 0o777 == 0o600
    assert place.reveals()
    with pytest.raises(Unavailable, match="does not open it"):
        Keystore.open(place.keystore, MasterKey(old_text.strip()))
    assert sorted(path.name for path in place.directory.iterdir()) == [
        ".keystore.json.lock",
        "keystore.json",
        "master.key",
    ]
    place.keystore.write_bytes(old_file)
    assert Keystore.open(place.keystore, MasterKey(old_text.strip())).reveal("a") == SECRET, (
        "an old copy needs the old key"
    )


def test_old_keys_of_the_keystore_itself_open_nothing_either(place: Place) -> None:
    """Who once had the keystore's own key, from a copy and the old master key, must not be able to read on."""
    installation = place.opened()
    before = installation.keystore._state
    rotate_in_place(installation)
    after = Keystore.open(place.keystore, master_key(f"file:{place.master}"))._state
    name, binding = "a", _binding("a", "route-secret", {})
    assert after[1].decrypt(after[0].entries[name].sealed[:12], after[0].entries[name].sealed[12:], binding) == SECRET
    with pytest.raises(InvalidTag):
        before[1].decrypt(after[0].entries[name].sealed[:12], after[0].entries[name].sealed[12:], binding)


@pytest.mark.parametrize("step", range(8))
def test_a_power_cut_at_any_step_leaves_a_keystore_that_opens(
    place: Place, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [step]

    def count(real):
        def instead(*given, **more):
            if left[0] == 0:
                raise PowerCut
            left[0] -= 1
            return real(*given, **more)

        return instead

    with monkeypatch.context() as patched:
        patched.setattr(Keystore, "relock", count(Keystore.relock))
        patched.setattr(Path, "replace", count(Path.replace))
        patched.setattr("wardmail.app.master_rotation.write_whole", count(write_whole))
        patched.setattr(master_rotation, "_blot_out", count(master_rotation._blot_out))
        cut = False
        try:
            rotate_in_place(place.opened())
        except PowerCut:
            cut = True
    assert cut is (step < 7), "the steps are all counted"
    assert place.reveals()
    rotate_in_place(place.opened())
    assert place.reveals()
    assert place.opened().keystore.locks == 1
    assert not (place.directory / "master.key.next").exists()


def test_a_running_process_follows(place: Place) -> None:
    running = place.opened()
    assert running.keystore.reveal("a") == SECRET
    running.keystore._follow_every = 0
    rotate_in_place(place.opened())
    assert running.keystore.reveal("a") == SECRET
    running.keystore.put("b", "route-secret", b"new")
    assert place.opened().keystore.reveal("b") == b"new"


def test_a_master_key_can_move_elsewhere(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXT_MASTER", "a passphrase of many words")
    running = place.opened()
    running.keystore._follow_every = 0
    begin_move(place.opened(), "env:NEXT_MASTER")
    assert place.reveals() and place.reveals(keystore__master="env:NEXT_MASTER")
    assert running.keystore.reveal("a") == SECRET
    assert place.opened().keystore.locks == 2
    moved = place.opened(keystore__master="env:NEXT_MASTER")
    assert finish_move(moved)
    assert not finish_move(moved)
    assert place.reveals(keystore__master="env:NEXT_MASTER")
    with pytest.raises(Unavailable, match="does not open it"):
        place.opened().keystore.reveal("a")
    with pytest.raises(Unavailable):
        running.keystore.reveal("a")


@pytest.mark.parametrize("to", ["env:NOT_SET", "file:/no/such/place/key", "hunter2", "vault:a/b#c", "env:SHORT"])
def test_a_place_without_a_key_is_found_out_before_anything_changes(
    place: Place, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHORT", "hunter2")
    before = place.keystore.read_bytes()
    with pytest.raises(CommandFailed) as caught:
        begin_move(place.opened(), to)
    assert to == "hunter2" or "hunter2" not in str(caught.value)
    assert place.keystore.read_bytes() == before


def test_only_a_file_is_replaced_where_it_is(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTER", place.master.read_text().strip())
    with pytest.raises(CommandFailed, match="does not write"):
        rotate_in_place(place.opened(keystore__master="env:MASTER"))
    with pytest.raises(CommandFailed, match="is now"):
        begin_move(place.opened(), f"file:{place.master}")


def test_a_passphrase_is_asked_for_at_a_terminal_only(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="there is none"):
        place.reveals(keystore__master="prompt:")
    typed = iter(["the right words to open", "the right words to open", "the right words to open", "one", "two"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    begin_move(place.opened(), "prompt:")
    assert place.reveals(keystore__master="prompt:")
    with pytest.raises(CommandFailed, match="not the same"):
        begin_move(place.opened(), "prompt:")


def test_the_old_key_is_blotted_out_where_the_file_system_lets_us(place: Place) -> None:
    keep = place.directory / "hard-link"
    os.link(place.master, keep)
    rotate_in_place(place.opened())
    assert set(keep.read_bytes()) == {0}
