"""Opens PDF that is encrypted and needs no password to be read: only its owner needs one to change it (ISO 32000-2 7.6)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from wardmail.content.inspection.pdf_strings import STRING, octets_of

_PAD = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_ENCRYPT = re.compile(rb"/Encrypt\s*(?:(\d{1,10})\s+(\d{1,5})\s+R|<<)")
_ID = re.compile(rb"/ID\s*\[\s*(?:" + STRING + rb")")
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class PdfCipher:
    """`key` is the file's; `method` one of RC4, AESV2 and AESV3."""

    key: bytes
    method: str

    def opened(self, octets: bytes, number: int, generation: int) -> bytes:
        """A string or stream of the object with that number (algorithms 1 and 1.A)."""
        if self.method == "AESV3":
            return _aes(self.key, octets)
        salt = b"sAlT" if self.method == "AESV2" else b""
        seed = self.key + (number & 0xFFFFFF).to_bytes(3, "little") + (generation & 0xFFFF).to_bytes(2, "little") + salt
        key = hashlib.md5(seed, usedforsecurity=False).digest()[: min(len(self.key) + 5, 16)]
        return _aes(key, octets) if salt else _rc4(key, octets)


def cipher_without_password(octets: bytes) -> PdfCipher | None:
    """None where a password is needed, or the encryption is none that is known here."""
    dictionary = _dictionary(octets)
    if dictionary is None or b"/Standard" not in dictionary:
        return None
    revision, version = _number(dictionary, b"R"), _number(dictionary, b"V")
    try:
        if version in (1, 2, 4) and revision in (2, 3, 4):
            method = "RC4" if version < 4 else _method(dictionary)
            key = _old_key(dictionary, octets, revision, version)
        elif version == 5 and revision in (5, 6):
            method, key = _method(dictionary), _new_key(dictionary, revision)
        else:
            return None
    except (UnsupportedAlgorithm, ValueError, OverflowError):
        return None
    return PdfCipher(key, method) if key and method else None


def _dictionary(octets: bytes) -> bytes | None:
    matches = list(_ENCRYPT.finditer(octets))
    if len({(match[1], match[2]) for match in matches}) != 1:
        return None
    last = matches[-1]
    if last[1] is not None:
        objects = list(re.finditer(rb"(?<!\d)%b\s+%b\s+obj\b" % (last[1], last[2]), octets))
        last = objects[-1] if objects else last
    return octets[last.end() : last.end() + _LONGEST]


def _number(dictionary: bytes, name: bytes) -> int:
    match = re.search(rb"/%b\s+(-?\d{1,10})" % name, dictionary)
    return int(match[1]) if match else 0


def _string(dictionary: bytes, name: bytes) -> bytes:
    match = re.search(rb"/%b\s*(?:%b)" % (name, STRING), dictionary, re.DOTALL)
    return octets_of(match[1], match[2]) if match else b""


def _method(dictionary: bytes) -> str:
    """Of streams; where strings or embedded files have another, nothing is said to be known."""
    named = {name: re.search(rb"/%b\s*/(\w{1,40})" % name, dictionary) for name in (b"StmF", b"StrF", b"EFF")}
    filters = {match[1] for match in named.values() if match}
    methods = set(re.findall(rb"/CFM\s*/(\w{1,20})", dictionary))
    if len(filters) != 1 or len(methods) != 1:
        return ""
    return {b"V2": "RC4", b"AESV2": "AESV2", b"AESV3": "AESV3"}.get(methods.pop(), "")


def _old_key(dictionary: bytes, octets: bytes, revision: int, version: int) -> bytes:
    """Algorithm 2, proved by algorithms 4 and 5."""
    identifier = _ID.search(octets)
    first = octets_of(identifier[1], identifier[2]) if identifier else b""
    length = 5 if version == 1 else 16 if version == 4 else min(max(_number(dictionary, b"Length") or 40, 40), 128) // 8
    permissions = (_number(dictionary, b"P") & 0xFFFFFFFF).to_bytes(4, "little")
    is_bare = revision >= 4 and re.search(rb"/EncryptMetadata\s+false", dictionary) is not None
    seed = _PAD + _string(dictionary, b"O")[:32] + permissions + first + (b"\xff" * 4 if is_bare else b"")
    key = hashlib.md5(seed, usedforsecurity=False).digest()
    for _ in range(50 if revision >= 3 else 0):
        key = hashlib.md5(key[:length], usedforsecurity=False).digest()
    key = key[:length]
    return key if _proves(key, first, _string(dictionary, b"U"), revision) else b""


def _proves(key: bytes, first: bytes, user: bytes, revision: int) -> bool:
    if revision == 2:
        return _rc4(key, _PAD) == user[:32]
    made = hashlib.md5(_PAD + first, usedforsecurity=False).digest()
    for number in range(20):
        made = _rc4(bytes(octet ^ number for octet in key), made)
    return made == user[:16]


def _new_key(dictionary: bytes, revision: int) -> bytes:
    """Algorithm 2.A with the empty password."""
    user, wrapped = _string(dictionary, b"U"), _string(dictionary, b"UE")
    if len(user) < 48 or len(wrapped) < 32 or _hash(user[32:40], revision) != user[:32]:
        return b""
    return _cbc(_hash(user[40:48], revision), bytes(16)).decryptor().update(wrapped[:32])


def _hash(salt: bytes, revision: int) -> bytes:
    """Algorithm 2.B with the empty password; revision 5 stops at once."""
    key = hashlib.sha256(salt).digest()
    number, last = 0, 0
    while revision >= 6 and (number < 64 or last > number - 32):
        made = _cbc(key[:16], key[16:32]).encryptor().update(key * 64)
        hashed = (hashlib.sha256, hashlib.sha384, hashlib.sha512)[sum(made[:16]) % 3]
        key, last, number = hashed(made).digest(), made[-1], number + 1
    return key[:32]


def _cbc(key: bytes, vector: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(vector))


def _aes(key: bytes, octets: bytes) -> bytes:
    """Sixteen octets of vector first, and a filling at the end (RFC 8018 6.1.1); what is over behind it stays away."""
    whole = len(octets) // 16 * 16
    if whole < 32:
        return b""
    made = _cbc(key, octets[:16]).decryptor().update(octets[16:whole])
    return made[: -made[-1]] if 1 <= made[-1] <= 16 else made


def _rc4(key: bytes, octets: bytes) -> bytes:
    return Cipher(ARC4(key), mode=None).decryptor().update(octets)
