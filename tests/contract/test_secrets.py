"""What every store of secrets promises: the secret by reference, kept for so long, forgotten when asked, never shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.outside import SECRET, AzureAtHand, VaultAtHand, token_stores
from tests.journeys.peers import softhsm
from wardmail.edges.keystore import Keystore
from wardmail.edges.keystore_secrets import KeystoreSecrets
from wardmail.edges.master_key import MasterKey, new_master_key
from wardmail.edges.outside_stores import OutsideStores, StoreSettings
from wardmail.model.refusal import Unavailable

ALL = ["keystore", "file", "env", "credential", "vault-2", "vault-1", "azure", "azure-version", "pkcs11"]


@dataclass
class Kept:
    """`change` makes the store hold another value; `absent` is a reference to nothing; what is far is kept for a time."""

    secrets: KeystoreSecrets
    reference: str
    absent: str
    change: Callable[[str], object]
    is_far: bool = False


@pytest.fixture
def keystore(place: Path) -> Keystore:
    return Keystore.create(place, MasterKey(new_master_key().strip()))


@pytest.fixture(params=ALL)
def kept(request: pytest.FixtureRequest, keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    kind: str = request.param
    near = KeystoreSecrets(keystore, keep=1000)

    def far(stores: OutsideStores) -> KeystoreSecrets:
        return KeystoreSecrets(keystore, stores, keep=1000)

    match kind:
        case "keystore":
            keystore.put("smtp", "route-secret", SECRET.encode())
            return Kept(near, "keystore:smtp", "keystore:absent", lambda v: keystore.put("smtp", "x", v.encode()))
        case "file" | "credential":
            path = tmp_path / "secret"
            path.write_text(f"{SECRET}\n")
            path.chmod(0o600)
            monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
            name = str(path) if kind == "file" else path.name
            return Kept(near, f"{kind}:{name}", f"{kind}:{name}-absent", path.write_text)
        case "env":
            monkeypatch.setenv("SMTP_SECRET", SECRET)
            return Kept(near, "env:SMTP_SECRET", "env:SMTP_ABSENT", lambda v: monkeypatch.setenv("SMTP_SECRET", v))
        case "vault-2" | "vault-1":
            vault: VaultAtHand = request.getfixturevalue("vault")
            mount, path2, engine = (
                ("team/kv", "smtp/nhs mail", vault.vault.v2) if kind == "vault-2" else ("old", "smtp", vault.vault.v1)
            )
            reference = f"vault:{mount}/{path2}#password"
            return Kept(
                far(vault.stores), reference, f"{reference}2", lambda v: engine[path2].update(password=v), is_far=True
            )
        case "azure" | "azure-version":
            azure: AzureAtHand = request.getfixturevalue("azure")
            reference = "azure:keys/smtp" if kind == "azure" else "azure:keys/smtp/78deebed173b48e48f55abf87ed4cf71"
            return Kept(
                far(azure.stores),
                reference,
                "azure:keys/absent",
                lambda v: azure.azure.secrets.update(smtp=v),
                is_far=True,
            )
        case _:
            module = request.getfixturevalue("hsm")
            softhsm.put(module, "smtp", SECRET.encode())
            reference = f"pkcs11:token={softhsm.LABEL};object=smtp"
            return Kept(
                far(token_stores(module)),
                reference,
                "pkcs11:object=absent",
                lambda v: softhsm.put(module, "smtp", v.encode()),
                is_far=True,
            )


def test_the_secret_is_revealed_as_often_as_asked(kept: Kept) -> None:
    assert [kept.secrets.reveal(kept.reference) for _ in range(3)] == [SECRET.encode()] * 3


def test_what_is_not_there_is_unavailable_and_other_secrets_are_not_hurt(kept: Kept) -> None:
    with pytest.raises(Unavailable) as caught:
        kept.secrets.reveal(kept.absent)
    assert SECRET not in str(caught.value)
    assert kept.secrets.reveal(kept.reference)


def test_a_changed_secret_is_used_at_once_when_near_and_when_forgotten_if_far(kept: Kept) -> None:
    kept.secrets.reveal(kept.reference)
    kept.change("another one")
    assert (kept.secrets.reveal(kept.reference) == b"another one") is not kept.is_far
    kept.secrets.forget(kept.reference)
    assert kept.secrets.reveal(kept.reference) == b"another one"


def test_a_use_is_noted_and_a_look_is_not(kept: Kept) -> None:
    noted: list[str] = []
    kept.secrets._note_use = noted.append
    kept.secrets.look_at(kept.reference)
    assert noted == []
    kept.secrets.reveal(kept.reference)
    assert noted == [kept.reference]


def test_nothing_shows_the_secret(kept: Kept) -> None:
    assert SECRET not in repr(kept.secrets.look_at(kept.reference))


@pytest.mark.parametrize("reference", ["vault:a/b#c", "azure:vault/x", "pkcs11:object=x"])
def test_a_store_that_is_not_set_up_says_so(keystore: Keystore, reference: str) -> None:
    with pytest.raises(Unavailable, match=r"is not set|is set"):
        KeystoreSecrets(keystore, OutsideStores(StoreSettings())).reveal(reference)


def test_far_secrets_are_read_again_after_their_time(keystore: Keystore, vault: VaultAtHand) -> None:
    secrets = KeystoreSecrets(keystore, vault.stores, keep=0)
    secrets.reveal("vault:old/smtp#password")
    vault.vault.v1["smtp"]["password"] = "another one"
    assert secrets.reveal("vault:old/smtp#password") == b"another one"
    vault.server.misbehave = lambda request: 503
    with pytest.raises(Unavailable, match="sealed"):
        secrets.reveal("vault:old/smtp#password")
    vault.server.misbehave = lambda request: None
    assert secrets.reveal("vault:old/smtp#password") == b"another one"


def test_ages_and_ends_are_told_where_the_store_knows_them(vault: VaultAtHand, azure: AzureAtHand) -> None:
    vault.vault.about["smtp/nhs mail"] = {"expires": "2027-02-28"}
    seen = vault.stores.read("vault:team/kv/smtp/nhs mail#password")
    assert (seen.since, seen.expires) == (1763633472.0 + 365 * 86_400, "2027-02-28")
    azure.azure.ends["smtp"] = 1_800_000_000
    seen = azure.stores.read("azure:keys/smtp")
    assert (seen.since, seen.expires) == (1493938410.0, "2027-01-15")
