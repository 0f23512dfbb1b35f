"""`wardmail integration credential`: user names and secrets."""

from __future__ import annotations

from typing import BinaryIO

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.commands.integration.records import desk_of, existing
from wardmail.app.failures import CONFLICT, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.output import emit, json_option, note, rfc3339, say
from wardmail.manage.credential_proofs import Proofs
from wardmail.manage.integrations import BadInput, Forbidden, NewCredential
from wardmail.model.integration import Credential
from wardmail.model.person import Permission
from wardmail.web import key_of

_LARGEST = 64 * 1024


@click.group()
def credential() -> None:
    """User names and secrets. A secret is shown once, when it is made."""


@credential.command()
@click.argument("name")
@click.option("--username", default="", help="Default: the integration's name with a number.")
@click.option("--expires-in-days", type=click.FloatRange(0), default=365, show_default=True, help="0: never.")
@click.option("--test", "is_test", is_flag=True, help="What is sent with it is judged as usual, and never leaves.")
@click.option("--public-key", type=click.File("rb"), help="Instead of a secret: the key (PEM, JWK, JWKS) that signs.")
@click.option("--certificate", type=click.File("rb"), help="Instead of a secret: the client certificate (PEM).")
@click.option("--network", "networks", multiple=True, help="Where it may be used from, as 10.1.0.0/16.")
@by_option
@json_option
@click.pass_obj
def add(  # noqa: PLR0913 (each is an option)
    config_path: str | None,
    *,
    name: str,
    username: str,
    expires_in_days: float,
    is_test: bool,
    public_key: BinaryIO | None,
    certificate: BinaryIO | None,
    networks: tuple[str, ...],
    by: str,
    as_json: bool,
) -> None:
    """Make a credential, and show its secret once; or one that a key or a certificate proves."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.ISSUE_CREDENTIALS)
    existing(installation.register.snapshot(), name)
    done = desk_of(installation).issue(
        actor,
        name,
        username=username,
        lifetime_days=expires_in_days or None,
        networks=networks,
        proofs=Proofs(is_test, _read(public_key), _read(certificate)),
    )
    if isinstance(done, BadInput) and done.code == "WM-USERNAME-EXISTS":
        raise CommandFailed(done.code, done.reason, "Choose another.", CONFLICT)
    _tell(done, as_json)


@credential.command()
@click.argument("username")
@click.option("--overlap-days", type=click.FloatRange(0, 90), default=7, show_default=True, help="The old one lasts.")
@click.option("--expires-in-days", type=click.FloatRange(0), default=365, show_default=True, help="0: never.")
@by_option
@json_option
@click.pass_obj
def rotate(
    config_path: str | None, *, username: str, overlap_days: float, expires_in_days: float, by: str, as_json: bool
) -> None:
    """Make a credential in the place of another, which lets in for some days more."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.ISSUE_CREDENTIALS)
    done = desk_of(installation).rotate(
        actor, username, overlap_days=overlap_days, lifetime_days=expires_in_days or None
    )
    if done is None:
        raise not_found("credential", username, "wardmail integration show NAME")
    _tell(done, as_json)


def _tell(done: NewCredential | BadInput | Forbidden | None, as_json: bool) -> None:
    made = usable(done, "WM-CREDENTIAL")
    assert isinstance(made, NewCredential)
    _show(made.credential, made.secret, as_json)


def _read(file: BinaryIO | None) -> bytes | None:
    return None if file is None else file.read(_LARGEST)


def _show(credential: Credential, secret: str, as_json: bool) -> None:
    """The secret only where it is what proves: else nobody is ever told it."""
    username, expires = credential.username, rfc3339(credential.expires_at)
    key = key_of(username, secret, is_test=credential.is_test)
    if as_json:
        proof = {"secret": secret, "key": key} if credential.has_secret else {"client_id": username}
        emit({"username": username, **proof, "test": credential.is_test, "expires_at": expires})
        return
    say(f"User name  {username}")
    if not credential.has_secret:
        if credential.public_keys:
            note(f"The application signs as client {username}, and gets access tokens at /oauth2/token.")
        if credential.certificate:
            note("The application shows that certificate to the API, and sends no Authorization header.")
        return
    say(f"Secret     {secret}")
    say(f"API key    {key}")
    note("The secret is not kept and cannot be shown again. Put it into the application's own keystore.")


@credential.command()
@click.argument("username")
@by_option
@json_option
@click.pass_obj
def revoke(config_path: str | None, username: str, by: str, as_json: bool) -> None:
    """Make a credential useless, within a second."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.ISSUE_CREDENTIALS)
    if desk_of(installation).revoke(actor, username) is None:
        raise not_found("credential", username, "wardmail integration show NAME")
    emit({"username": username, "revoked": True}) if as_json else say(f"Credential {username} is revoked.")
