"""What is kept of a password, and that a crowd at the door does not take the machine."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher

from wardmail.edges.passwords import AT_ONCE, Argon2Passwords

QUICK = PasswordHasher(1, 8, 1)


def test_a_password_matches_itself_under_its_own_pepper_alone() -> None:
    passwords = Argon2Passwords(b"pepper", QUICK)
    kept = passwords.hash_of("plum ladder océan")
    assert kept.startswith("$argon2id$")
    assert passwords.matches(kept, "plum ladder océan")
    assert not passwords.matches(kept, "plum ladder ocean")
    assert not Argon2Passwords(b"other", QUICK).matches(kept, "plum ladder océan")
    assert kept != passwords.hash_of("plum ladder océan")


@pytest.mark.parametrize("kept", ["", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$x$y"])
def test_what_is_no_hash_matches_nothing(kept: str) -> None:
    assert not Argon2Passwords(b"pepper", QUICK).matches(kept, "")


def test_nothing_matches_the_decoy() -> None:
    passwords = Argon2Passwords(b"pepper", QUICK)
    assert passwords.decoy == passwords.decoy
    assert not passwords.matches(passwords.decoy, "")


def test_two_at_a_time_and_no_more() -> None:
    class Slow:
        inside, most, lock = 0, 0, threading.Lock()

        def verify(self, kept: str, password: str) -> bool:
            with self.lock:
                Slow.inside += 1
                Slow.most = max(Slow.most, Slow.inside)
            time.sleep(0.01)
            with self.lock:
                Slow.inside -= 1
            return True

    passwords = Argon2Passwords(b"pepper", Slow())  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as crowd:
        assert all(crowd.map(lambda _: passwords.matches("kept", "password"), range(16)))
    assert Slow.most == AT_ONCE
