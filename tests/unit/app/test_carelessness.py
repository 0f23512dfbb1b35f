"""What a careless administrator or a tired colleague does is told in plain words, and destroys nothing."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wardmail.app.acting import whoami
from wardmail.app.cli import cli
from wardmail.app.failures import CommandFailed
from wardmail.app.sandbox import sandbox_directory
from wardmail.app.set_up import set_up
from wardmail.app.settings import Settings, load
from wardmail.app.wiring import require_usable
from wardmail.edges.keys import Keystore
from wardmail.edges.master_key import master_key


def _wardmail(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "wardmail.toml"
    file.write_text(f"[gateway]\ndata = {json.dumps(str(tmp_path / 'data'))}\n")
    made = load(file, environ={})
    set_up(made, whoami())
    return made


def _changed(tmp_path: Path, settings: Settings, line: str) -> Settings:
    section, _, rest = line.partition(".")
    file = tmp_path / "changed.toml"
    file.write_text(f"[gateway]\ndata = {json.dumps(str(settings.data))}\n[{section}]\n{rest}\n")
    return load(file, environ={})


@pytest.mark.parametrize(
    "line",
    [
        'policy.local = ["x"]',
        'delivery.retry_minutes = ["soon"]',
        'delivery.retry_minutes = ["0"]',
        'delivery.nameservers = ["dns.example"]',
        'delivery.ca_file = "/nowhere.pem"',
        'listen.submission = ["here"]',
        "delivery.lease_seconds = 0",
        "delivery.expire_after_hours = -1",
        "listen.largest_message_mb = 0",
    ],
)
def test_settings_that_cannot_work_are_told_before_a_worker_starts(
    tmp_path: Path, settings: Settings, line: str
) -> None:
    with pytest.raises(CommandFailed):
        require_usable(_changed(tmp_path, settings, line))


def test_init_that_was_killed_can_be_run_again(settings: Settings) -> None:
    """The keystore was made, and the process ended before the pepper was in it."""
    settings.keystore_path.unlink()
    Keystore.create(settings.keystore_path, master_key(settings.master_reference))
    set_up(settings, whoami())
    keystore = Keystore.open(settings.keystore_path, master_key(settings.master_reference))
    pepper = keystore.reveal("credential-pepper")
    set_up(settings, whoami())
    assert len(pepper) == 32
    assert keystore.reveal("credential-pepper") == pepper


def test_options_of_init_are_never_silently_ignored(tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "wardmail.toml"
    before = file.read_text()
    result = _wardmail("init", "--file", str(file), "--hostname", "gw.example")
    assert result.exit_code != 0
    assert "WM-CONFIG-EXISTS" in result.output
    assert file.read_text() == before


def test_a_sandbox_does_not_overwrite_a_real_settings_file(tmp_path: Path, settings: Settings) -> None:
    before = (tmp_path / "wardmail.toml").read_text()
    with pytest.raises(CommandFailed, match="--directory"):
        sandbox_directory(tmp_path)
    assert (tmp_path / "wardmail.toml").read_text() == before


def test_what_is_made_is_nobody_elses_whatever_the_umask(tmp_path: Path) -> None:
    file, data = tmp_path / "etc" / "wardmail.toml", tmp_path / "data"
    data.mkdir(mode=0o755)
    before = os.umask(0)
    try:
        assert _wardmail("init", "--file", str(file), "--data", str(data)).exit_code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o755
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    for made in data.rglob("*"):
        assert stat.S_IMODE(made.stat().st_mode) & 0o077 == 0, made


@pytest.mark.parametrize("option", ["--messages-per-minute=-5", "--recipients-per-day=-1"])
def test_a_negative_ceiling_is_refused(option: str) -> None:
    result = _wardmail("integration", "create", "app", "--route", "r", "--sender", "a@b.example", option)
    assert result.exit_code == 2
    assert "x>=0" in result.output


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("Dr Grey <gp@nhs.net>", "address alone"),
        ("mailto:gp@nhs.net", "leave out mailto:"),
        ("gp@nhs.net; gp2@nhs.net", "several addresses"),
        ("gp@nhs,net", "not allowed there"),
    ],
)
def test_a_pasted_address_is_answered_with_what_to_do(typed: str, told: str) -> None:
    result = _wardmail("check", typed)
    assert result.exit_code == 2
    assert told in result.output


def test_a_look_alike_shows_what_it_is() -> None:
    result = _wardmail("check", "gp@nh\u0455.net")
    assert result.exit_code == 3
    assert "xn--" in result.output


def test_an_integration_is_stopped_and_changed_while_the_master_key_is_out_of_reach(
    tmp_path: Path, settings: Settings
) -> None:
    def run(*words: str) -> Result:
        return _wardmail("--config", str(tmp_path / "wardmail.toml"), *words)

    for words in (
        ("route", "create", "out", "--kind", "sandbox"),
        ("integration", "create", "app", "--route", "out", "--sender", "app@trust.example"),
        ("integration", "trial", "app"),
    ):
        assert run(*words).exit_code == 0, words
    (settings.data / "master.key").unlink()
    assert run("integration", "suspend", "app", "--reason", "incident").exit_code == 0
    assert run("integration", "resume", "app").exit_code == 0
    assert run("integration", "change", "app", "--title", "The application", "--reason", "its name").exit_code == 0
    shown = json.loads(run("integration", "show", "app", "--json").stdout)
    assert (shown["name"], shown["state"]) == ("The application", "in-trial")
