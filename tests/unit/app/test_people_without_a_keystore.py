"""Who is under suspicion is signed out at the command line, or marked as gone, while the keystore does not answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wardmail.app.acting import whoami
from wardmail.app.cli import cli
from wardmail.app.installation import Installation
from wardmail.app.set_up import set_up
from wardmail.app.settings import load
from wardmail.model.login import Session
from wardmail.model.person import Person, Role
from wardmail.store.logins import begin_session

WHY = ("--reason", "the laptop was stolen")


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    file = tmp_path / "wardmail.toml"
    file.write_text(f"[gateway]\ndata = {json.dumps(str(tmp_path / 'data'))}\n")
    settings = load(file, environ={})
    set_up(settings, whoami())
    made = Installation(settings)
    made.people.save(Person("amina", "Amina Khan", roles=(Role.VIEWER,)), "test")
    settings.keystore_path.unlink()
    return made


def done(installation: Installation, *arguments: str) -> Result:
    file = installation.settings.data.parent / "wardmail.toml"
    result = CliRunner().invoke(cli, ["--config", str(file), "person", *arguments])
    assert result.exit_code == 0, result.output
    return result


def test_a_suspect_is_signed_out_changed_and_gone(installation: Installation) -> None:
    now = installation.clock.now()
    with installation.database.write() as connection:
        begin_session(connection, Session(b"t", "amina", now, now, "192.0.2.1", "a test"), now)
    assert "amina" in done(installation, "sessions").output
    assert json.loads(done(installation, "sign-out", "amina", *WHY, "--yes", "--json").output)["ended"] == 1
    assert installation.logins.sessions("amina") == []
    done(installation, "change", "amina", "--role", "developer", *WHY)
    done(installation, "leave", "amina", *WHY, "--yes")
    left = installation.people.one("amina")
    assert left is not None
    assert not left.is_here
