"""Wardmail as `wardmail init` and the command line set it up: one worker for each processor, SQLite, sealed content."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.accounting import Processes
from bench.ground import SENDER_DOMAIN, Ground, free_port
from bench.systems.system import Running
from wardmail.edges.clock import SystemClock
from wardmail.model.integration import IntegrationState
from wardmail.model.registration import Recorded
from wardmail.store.connection import Database
from wardmail.store.register import StoreRegister

WARDMAIL = Path(sys.executable).parent / "wardmail"

_SETTINGS = """
[listen]
submission = ["127.0.0.1:{submission}"]
submissions = ["127.0.0.1:{submissions}"]
connections_per_address = 0
connections_per_minute = 0
"""


class Wardmail:
    """`does_all` adds the second signature and the NHS-number detector, which the peers have nothing like."""

    title = "Wardmail"

    def __init__(self, ground: Ground, sink_port: int, *, name: str = "wardmail", does_all: bool = False) -> None:
        self.name = name
        self._ground = ground
        self._does_all = does_all
        self.sink_port = sink_port
        self._home = ground.directory / self.name
        self.log = self._home / "log"
        self._port = free_port()
        self._login = ""

    @property
    def configuration(self) -> Path:
        return self._home / "wardmail.toml"

    def missing(self) -> str:
        return "" if WARDMAIL.exists() else f"{WARDMAIL} is not installed"

    def install(self) -> None:
        self._home.mkdir()
        ground, port = self._ground, str(self.sink_port)
        self.run("init", "--file", self.configuration, "--hostname", "gateway.perf.test", "--data", self._home / "data",
                 "--certificate", ground.certificate, "--key", ground.key)  # fmt: skip
        with self.configuration.open("a") as file:
            file.write(_SETTINGS.format(submission=self._port, submissions=free_port()))
        self.run("route", "create", "relay", "--kind", "smarthost", "--host", "localhost", "--port", port,
                 "--ca-file", ground.authority, "--auth", "none")  # fmt: skip
        detect = "--detect-nhs-numbers" if self._does_all else "--no-detect-nhs-numbers"
        self.run("integration", "create", "app", "--route", "relay", "--sender", f"@{SENDER_DOMAIN}", detect,
                 "--messages-per-minute", "0", "--messages-per-day", "0", "--recipients-per-day", "0")  # fmt: skip
        self.run("limits", "set", "app", "--bulk-recipients", "0")  # the load is of one kind, and would be mass mail
        credential = json.loads(self.run("integration", "credential", "add", "app", "--username", "app", "--json"))
        self._login = f"{credential['username']}:{credential['secret']}"
        self._go_live()
        algorithms = ("rsa-sha256", "ed25519-sha256") if self._does_all else ("rsa-sha256",)
        self.run("domain", "rotate", SENDER_DOMAIN, *(word for name in algorithms for word in ("--algorithm", name)))
        shutil.copytree(self._home / "data", self._home / "data-as-installed")

    def _go_live(self) -> None:
        """Past the tasks and the second person, which have nothing to do with speed."""
        database = Database(f"sqlite:///{self._home / 'data' / 'wardmail.db'}", SystemClock())
        register = StoreRegister(database)
        record = register.snapshot().integrations["app"]
        registration = replace(
            record.registration,
            iams=Recorded("bench", "bench", 0.0),
            review_date=datetime.now(UTC).date() + timedelta(300),
        )
        register.save_integration(replace(record, state=IntegrationState.LIVE, registration=registration), "bench")
        database.close()

    def start(self, processes: Processes, sink_port: int) -> Running:
        assert sink_port == self.sink_port
        shutil.rmtree(self._home / "data")
        shutil.copytree(self._home / "data-as-installed", self._home / "data")
        return self.start_again(processes)

    def start_again(self, processes: Processes) -> Running:
        """With the queue that it has."""
        with self.log.open("wb") as log:
            processes.start([WARDMAIL, "serve"], log=log, environment=self._environment())
        return Running(self.name, self._port, self._login, processes)

    def stop(self) -> None:
        return

    def run(self, *words: str | Path) -> str:
        """Raises RuntimeError with what the command said."""
        done = subprocess.run(
            [str(WARDMAIL), *map(str, words)], env=os.environ | self._environment(), capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"wardmail {words[0]} {words[1]}: {done.stdout} {done.stderr}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {"WARDMAIL_CONFIG": str(self.configuration)}
