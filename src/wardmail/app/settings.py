"""Reads the settings once: a flag beats the environment, that beats the file, that beats the default."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wardmail.app.failures import CommandFailed
from wardmail.app.settings_schema import BY_KEY, MASTER, SECRET_REFERENCES, SETTINGS, Setting
from wardmail.model.secret_reference import is_reference, looks_like_a_secret, without_password

DEFAULT_FILE = Path("/etc/wardmail/wardmail.toml")
SANDBOX_FILE = Path(".wardmail/wardmail.toml")
"""What `wardmail run` made in this folder; read when there is nothing else, so that commands find the sandbox."""
ENV_PREFIX = "WARDMAIL__"
HIDDEN = "(not shown: it looks like a secret)"


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it came from, as `config show --origin` prints it."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, by their dotted names, plus the few that are worked out from others. `files` is what was read."""

    values: Mapping[str, Value]
    files: tuple[Path, ...] = ()

    def __getitem__(self, key: str) -> Any:
        return self.values[key].value

    def shown(self, key: str) -> Any:
        """The value as it may be shown: a secret that stands where none belongs stays hidden."""
        value = self.values[key].value
        if not isinstance(value, str):
            return value
        if key in (*SECRET_REFERENCES, MASTER) and value and not is_reference(value) and value != "prompt:":
            return HIDDEN
        value = without_password(value)
        return HIDDEN if looks_like_a_secret(value) and "***" not in value else value

    @property
    def data(self) -> Path:
        return Path(self["gateway.data"])

    @property
    def database_url(self) -> str:
        return self["gateway.database"] or f"sqlite:///{self.data.absolute() / 'wardmail.db'}"

    @property
    def keystore_path(self) -> Path:
        return Path(self["keystore.path"] or self.data / "keystore.json")

    @property
    def master_reference(self) -> str:
        return self["keystore.master"] or f"file:{self.data.absolute() / 'master.key'}"

    @property
    def clock_ahead(self) -> float:
        """Seconds."""
        return float(self["gateway.clock_ahead_days"]) * 86_400

    @property
    def workers(self) -> int:
        return self["gateway.workers"] or os.cpu_count() or 1


def load(
    path: Path | None = None, *, flags: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """`path` None: `$WARDMAIL_CONFIG`, else /etc/wardmail/wardmail.toml if there. Raises CommandFailed for bad input."""
    named = path or (Path(environ["WARDMAIL_CONFIG"]) if environ.get("WARDMAIL_CONFIG") else None)
    if named is not None and not named.is_file():
        raise CommandFailed(
            "WM-CONFIG-MISSING",
            f"There is no settings file at {named}.",
            "Run `wardmail init`, or name the right file.",
        )
    values = {setting.key: Value(setting.initial(), "default") for setting in SETTINGS}
    file = named or next((place for place in (DEFAULT_FILE, SANDBOX_FILE) if place.is_file()), None)
    parts = (file, *sorted(file.with_suffix(".d").glob("*.toml"))) if file is not None else ()
    for part in parts:
        values |= _from_file(part)
    values |= _from_environment(environ)
    for key, value in (flags or {}).items():
        values[key] = Value(value, "command line")
    return Settings(values, parts)


def _from_file(path: Path) -> dict[str, Value]:
    try:
        text = path.read_text()
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandFailed("WM-CONFIG-UNREADABLE", f"{path} cannot be read: {error}.", "Mend the file.") from error
    found = {}
    for key, value in _flat(table):
        setting = _known(key, str(path))
        found[key] = Value(_checked(setting, value, str(path)), f"{path} line {_line_of(text, key)}")
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, Value]:
    found = {}
    for name, text in environ.items():
        if name.startswith(ENV_PREFIX):
            key = name.removeprefix(ENV_PREFIX).lower().replace("__", ".")
            setting = _known(key, f"the environment variable {name}")
            found[key] = Value(_parsed(setting, text, name), f"environment {name}")
    return found


def setting_records(settings: Settings) -> Iterator[dict[str, object]]:
    """As they are in force, those that were changed first."""
    for key, value in sorted(settings.values.items(), key=lambda item: item[1].origin == "default"):
        yield {
            "key": key,
            "value": settings.shown(key),
            "origin": value.origin,
            "meaning": BY_KEY[key].meaning,
        }


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _known(key: str, where: str) -> Setting:
    if key in BY_KEY:
        return BY_KEY[key]
    close = difflib.get_close_matches(key, BY_KEY, n=1)
    hint = f"Did you mean {close[0]}?" if close else "`wardmail config show` lists all settings."
    raise CommandFailed("WM-CONFIG-UNKNOWN", f"{where} sets {key}, and there is no such setting.", hint)


def _checked(setting: Setting, value: object, where: str) -> object:
    if setting.kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, setting.kind) or (setting.kind is int and isinstance(value, bool)):
        raise CommandFailed(
            "WM-CONFIG-TYPE",
            f"{where}: {setting.key} is {type(value).__name__}, {setting.kind.__name__} is needed.",
            f"{setting.key}: {setting.meaning}.",
        )
    return _large_enough(setting, value, where)


def _large_enough(setting: Setting, value: object, where: str) -> object:
    if setting.least is not None and isinstance(value, int | float) and not value >= setting.least:
        raise CommandFailed(
            "WM-CONFIG-RANGE",
            f"{where}: {setting.key} is {value:g}, and the least is {setting.least:g}.",
            f"{setting.key}: {setting.meaning}.",
        )
    return value


def _parsed(setting: Setting, text: str, where: str) -> object:
    try:
        if setting.kind is list:
            return [item for item in text.split(",") if item]
        if setting.kind is bool:
            return text.lower() in {"1", "true", "yes"}
        return _large_enough(setting, setting.kind(text), where)
    except ValueError as error:
        raise CommandFailed(
            "WM-CONFIG-TYPE", f"{where} is not {setting.kind.__name__}.", f"{setting.key}: {setting.meaning}."
        ) from error


def _line_of(text: str, key: str) -> int:
    """The line on which a key stands: its last part at the start of a line, in its own section."""
    section, _, name = key.rpartition(".")
    inside = not section
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            inside = stripped.strip("[]").strip() == section
        elif inside and stripped.split("=")[0].strip() == name:
            return number
    return 1
