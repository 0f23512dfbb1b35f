"""A real PKCS #11 token in software: SoftHSM, with its files in a directory of the test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.journeys.peers.ground import need

PIN, LABEL = "4711-Planted-Pin", "wardmail-test"
_MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")


@contextmanager
def token(directory: Path) -> Iterator[str]:
    """The module's path. The library reads its settings once in a process, so one token serves a whole test session."""
    need("softhsm2-util")
    module = next((path for path in _MODULES if Path(path).exists()), None)
    if module is None:
        pytest.skip("SoftHSM's module is not installed")
    pytest.importorskip("pkcs11", reason="the extra wardmail[hsm] is not installed")
    (directory / "tokens").mkdir()
    (directory / "softhsm2.conf").write_text(f"directories.tokendir = {directory}/tokens\nobjectstore.backend = file\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(directory / "softhsm2.conf")
    made = ("softhsm2-util", "--init-token", "--free", "--label", LABEL, "--so-pin", "12345678", "--pin", PIN)
    subprocess.run(made, check=True, capture_output=True)
    try:
        yield module
    finally:
        os.environ.pop("SOFTHSM2_CONF")
        if before is not None:
            os.environ["SOFTHSM2_CONF"] = before


def fill(module: str) -> None:
    """An RSA and an Ed25519 key pair, and an RSA pair that is too short."""
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    with pkcs11.lib(module).get_token(token_label=LABEL).open(rw=True, user_pin=PIN) as session:
        session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="dkim-rsa", id=b"\x01\xff")
        session.generate_keypair(pkcs11.KeyType.RSA, 1024, store=True, label="dkim-short")
        curve = session.create_domain_parameters(
            pkcs11.KeyType.EC_EDWARDS,
            {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("1.3.101.112")},
            local=True,
        )
        curve.generate_keypair(mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label="dkim-ed")


def put(module: str, label: str, value: bytes) -> None:
    """A secret as a data object; one of that name before is replaced."""
    import pkcs11

    token = pkcs11.lib(module).get_token(token_label=LABEL)
    try:
        session = token.open(rw=True, user_pin=PIN)
    except pkcs11.exceptions.UserAlreadyLoggedIn:
        session = token.open(rw=True)
    named = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.DATA, pkcs11.Attribute.LABEL: label}
    with session:
        for before in list(session.get_objects(named)):
            before.destroy()
        kept = {pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.PRIVATE: True, pkcs11.Attribute.VALUE: value}
        session.create_object(named | kept)
