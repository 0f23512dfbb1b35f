"""HashiCorp Vault as its API documentation describes it: key-value engines 1 and 2, transit, three ways to log in.

There is no Vault on the test machines. This server answers in the documented shapes over real TLS; it proves that we
ask as documented and survive what may come back, not that a particular release of Vault behaves as documented.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.journeys.peers.store_server import Answer, Request

TOKEN = "hvs.PlantedVaultToken0123456789"
ROLE_ID, SECRET_ID = "role-of-wardmail", "Planted-Secret-Id-4711"
DENIED: Answer = (403, {"errors": ["permission denied"]})
ABSENT: Answer = (404, {"errors": []})


@dataclass
class Vault:
    """`v2` and `v1` are the two engines, mounted at team/kv and old; `keys` those of the engine transit."""

    v2: dict[str, dict[str, str]] = field(default_factory=dict)
    v1: dict[str, dict[str, str]] = field(default_factory=dict)
    about: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: dict[str, list[rsa.RSAPrivateKey | Ed25519PrivateKey]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    log_ins: int = 0
    namespace: str = ""

    def __call__(self, request: Request) -> Answer:
        path = unquote(request.path)
        if path.startswith("/v1/auth/"):
            return self._log_in(path.removeprefix("/v1/auth/"), request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("x-vault-token") not in self.tokens or headers.get("x-vault-namespace", "") != self.namespace:
            return DENIED
        mount, _, rest = path.removeprefix("/v1/").partition("/")
        match mount:
            case "sys":
                return self._mount(rest.removeprefix("internal/ui/mounts/"))
            case "team":
                return self._read_v2(rest.removeprefix("kv/data/"))
            case "old":
                return (200, {"data": self.v1[rest]}) if rest in self.v1 else ABSENT
            case "transit":
                return self._transit(rest, request)
        return ABSENT

    def _log_in(self, method: str, request: Request) -> Answer:
        given = request.fields
        good = {
            "approle/login": {"role_id": ROLE_ID, "secret_id": SECRET_ID},
            "kubernetes/login": {"role": ROLE_ID, "jwt": "the.service.account"},
        }
        if given != good.get(method):
            return 400, {"errors": ["invalid role or secret ID"]}
        self.log_ins += 1
        token = f"hvs.IssuedByLogIn{self.log_ins:010d}"
        self.tokens.add(token)
        return 200, {"auth": {"client_token": token, "lease_duration": 2764800, "renewable": True}}

    @staticmethod
    def _mount(path: str) -> Answer:
        if path.startswith("team/kv/"):
            return 200, {"data": {"path": "team/kv/", "type": "kv", "options": {"version": "2"}}}
        if path.startswith("old/"):
            return 200, {"data": {"path": "old/", "type": "kv", "options": None}}
        return DENIED

    def _read_v2(self, path: str) -> Answer:
        if path not in self.v2:
            return 404, {"data": {"data": None, "metadata": {"deletion_time": "2026-11-01T00:00:00Z", "version": 3}}}
        meta = {
            "created_time": "2026-11-20T10:11:12.123456789Z",
            "custom_metadata": self.about.get(path),
            "deletion_time": "",
            "destroyed": False,
            "version": 3,
        }
        return 200, {"data": {"data": self.v2[path], "metadata": meta}}

    def _transit(self, path: str, request: Request) -> Answer:
        action, _, name = path.partition("/")
        versions = self.keys.get(name)
        if not versions:
            return ABSENT
        if action == "keys":
            return 200, {
                "data": {"type": _kind(versions[0]), "latest_version": len(versions), "keys": _shown(versions)}
            }
        wanted = request.fields
        number = int(str(wanted.get("key_version") or len(versions)))
        if number > len(versions):
            return 400, {"errors": ["cannot sign with key version that does not exist"]}
        signature = _signed(versions[number - 1], wanted)
        return 200, {"data": {"key_version": number, "signature": f"vault:v{number}:{signature}"}}


def _kind(key: rsa.RSAPrivateKey | Ed25519PrivateKey) -> str:
    return f"rsa-{key.key_size}" if isinstance(key, rsa.RSAPrivateKey) else "ed25519"


def _shown(versions: list[rsa.RSAPrivateKey | Ed25519PrivateKey]) -> dict[str, dict[str, str]]:
    shown = {}
    for number, key in enumerate(versions, 1):
        public = key.public_key()
        if isinstance(key, rsa.RSAPrivateKey):
            form = serialization.PublicFormat.SubjectPublicKeyInfo
            text = public.public_bytes(serialization.Encoding.PEM, form).decode()
        else:
            text = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        shown[str(number)] = {"creation_time": "2026-11-20T10:11:12Z", "name": _kind(key), "public_key": text}
    return shown


def _signed(key: rsa.RSAPrivateKey | Ed25519PrivateKey, wanted: dict[str, object]) -> str:
    octets = base64.b64decode(str(wanted["input"]))
    if isinstance(key, Ed25519PrivateKey):
        return base64.b64encode(key.sign(octets)).decode()
    assert (wanted["prehashed"], wanted["hash_algorithm"]) == (True, "sha2-256")
    assert wanted["signature_algorithm"] == "pkcs1v15"
    return base64.b64encode(key.sign(octets, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))).decode()
