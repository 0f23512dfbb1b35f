"""Settings: which source wins, where a value came from, and what is told about a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from wardmail.app.checking import local_rows
from wardmail.app.failures import CommandFailed
from wardmail.app.host_and_port import address
from wardmail.app.settings import load
from wardmail.app.settings_schema import SETTINGS
from wardmail.model.standing import Standing


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "wardmail.toml"
    path.write_text('[gateway]\nhostname = "gw.file"\n\n[log]\nlevel = "debug"\n')
    return path


def test_a_flag_beats_the_environment_that_beats_the_file_that_beats_the_default(file: Path) -> None:
    environ = {"WARDMAIL__LOG__LEVEL": "warning", "WARDMAIL__GATEWAY__WORKERS": "3"}
    settings = load(file, flags={"gateway.workers": 5}, environ=environ)
    assert settings["gateway.hostname"] == "gw.file"
    assert settings["log.level"] == "warning"
    assert settings["gateway.workers"] == 5
    assert settings["log.format"] == "auto"


def test_every_value_names_its_origin(file: Path) -> None:
    settings = load(file, environ={"WARDMAIL__LOG__FORMAT": "json"})
    assert settings.values["gateway.hostname"].origin == f"{file} line 2"
    assert settings.values["log.level"].origin == f"{file} line 5"
    assert settings.values["log.format"].origin == "environment WARDMAIL__LOG__FORMAT"
    assert settings.values["gateway.workers"].origin == "default"


def test_drop_ins_come_after_the_file(file: Path) -> None:
    drop_in = file.with_suffix(".d") / "10-local.toml"
    drop_in.parent.mkdir()
    drop_in.write_text('[gateway]\nhostname = "gw.dropin"\n')
    assert load(file, environ={})["gateway.hostname"] == "gw.dropin"


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("[gateway]\nhostnam = 'x'\n", "WM-CONFIG-UNKNOWN", "Did you mean gateway.hostname?"),
        ("[gateway]\nworkers = 'two'\n", "WM-CONFIG-TYPE", "gateway.workers"),
        ("[gateway]\nworkers = true\n", "WM-CONFIG-TYPE", "gateway.workers"),
        ("[gateway\n", "WM-CONFIG-UNREADABLE", "Mend"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(file: Path, text: str, code: str, hint: str) -> None:
    file.write_text(text)
    with pytest.raises(CommandFailed) as failure:
        load(file, environ={})
    assert failure.value.code == code
    assert hint in failure.value.to_do


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="There is no settings file"):
        load(tmp_path / "none.toml", environ={})


def test_an_unknown_variable_is_a_mistake_too(file: Path) -> None:
    with pytest.raises(CommandFailed, match="WARDMAIL__LOG__LEVLE"):
        load(file, environ={"WARDMAIL__LOG__LEVLE": "info"})


def test_every_default_is_of_its_kind() -> None:
    assert [each.key for each in SETTINGS if not isinstance(each.initial(), each.kind)] == []


@pytest.mark.parametrize(
    ("text", "port", "expected"),
    [
        ("0.0.0.0:465", None, ("0.0.0.0", 465)),
        ("[::1]:465", None, ("::1", 465)),
        ("192.0.2.1", 53, ("192.0.2.1", 53)),
        ("192.0.2.1:5353", 53, ("192.0.2.1", 5353)),
        ("2001:db8::1", 53, ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", 53, ("2001:db8::1", 5353)),
    ],
)
def test_addresses(text: str, port: int | None, expected: tuple[str, int]) -> None:
    assert address(text, port) == expected


def test_local_decisions_need_a_standing_and_a_reason() -> None:
    (row,) = local_rows(["Partner.Example secure agreement 12 of 2026"])
    assert (row.domain, row.standing, row.reason) == ("partner.example", Standing.SECURE, "agreement 12 of 2026")
    for bad in ("partner.example", "partner.example safe because", "partner.example secure"):
        with pytest.raises(CommandFailed):
            local_rows([bad])
