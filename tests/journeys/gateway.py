"""A real gateway for journeys: `wardmail serve` with its own directory, ports and database, set up by the command line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from tests.journeys.peers.ground import Authority, free_port, is_listening, wait_until
from wardmail.app.cli import cli
from wardmail.edges.clock import SystemClock
from wardmail.model.classification import Sensitivity
from wardmail.model.delivery import WAITING
from wardmail.model.integration import IntegrationState
from wardmail.model.registration import Recorded
from wardmail.store.connection import Database
from wardmail.store.messages import Messages, Search
from wardmail.store.register import StoreRegister

WARDMAIL = str(Path(sys.executable).with_name("wardmail"))

USER = "app"
SENDER = "billing@trust.example"

_WAITING = tuple(state.value for state in WAITING)


@dataclass
class Gateway:
    """One installation. `start` and `kill` may be called in turn; what is stored stays."""

    directory: Path
    authority: Authority
    port: int
    tls_port: int
    database: str
    settings: dict[str, str]
    secrets: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_with: int = 1
    _logs: list[Path] = field(default_factory=list)

    # -- the command line

    @property
    def environment(self) -> dict[str, str]:
        named = {f"WARDMAIL__{key.upper().replace('.', '__')}": value for key, value in self.settings.items()}
        base = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**base, "WARDMAIL_CONFIG": str(self.directory / "wardmail.toml"), **named}

    def run(
        self, *words: object, stdin: str | None = None, status: int | None = 0, extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """`wardmail WORDS…`; `status` is what it must end with, None when anything will do; `extra` is environment."""
        command = [WARDMAIL, *map(str, words)]
        done = subprocess.run(
            command,
            input=stdin or "",
            capture_output=True,
            text=True,
            env={**self.environment, **(extra or {})},
            timeout=60,
        )
        assert status is None or done.returncode == status, (command, done.returncode, done.stdout, done.stderr)
        return done

    def ask(self, *words: object, stdin: str | None = None, status: int | None = 0) -> list[dict[str, Any]]:
        """The same with `--json`: one record for each line of its output."""
        done = self.run(*words, "--json", stdin=stdin, status=status)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def do(self, *words: object, stdin: str = "") -> str:
        """A command that must succeed, run in this process: quicker, for setting things up. What it printed."""
        mask = os.umask(0o022)
        try:
            done = CliRunner().invoke(cli, [str(word) for word in words], input=stdin, env=self.environment)
        finally:
            os.umask(mask)  # commands set their own
        assert done.exit_code == 0, (words, done.output, done.exception)
        return done.stdout

    # -- the process

    def start(self, workers: int | None = None) -> None:
        self.started_with = workers or self.started_with
        self.launch("serve", "--workers", str(self.started_with))

    def launch(self, *words: str) -> None:
        """Returns when the ports answer."""
        self._logs.append(self.directory.parent / f"{self.directory.name}.log.{len(self._logs)}")
        with self._logs[-1].open("wb") as log:
            self.process = subprocess.Popen(
                [WARDMAIL, *words],
                cwd=self.directory.parent,
                env=self.environment,
                stderr=log,
                stdout=log,
                start_new_session=True,
            )
        wait_until(self.is_up, f"the gateway; {self.log()[-2000:]}", 30)

    def is_up(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(f"the gateway ended: {self.log()[-2000:]}")
        return is_listening(self.port) and is_listening(self.tls_port)

    @property
    def workers(self) -> list[int]:
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def hang_up(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def stop(self, patience: float = 40) -> int:
        """SIGTERM, as a service manager does; gives the exit status."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(patience)

    def kill(self) -> None:
        """SIGKILL to every process at once, like a power cut."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.process = None
        # Workers outlive the supervisor by an instant, in which they would answer for the next one.
        wait_until(lambda: not is_listening(self.port), "the workers to be gone")

    def log(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self._logs if path.exists())

    # -- its clients

    def connect(self, user: str = USER, timeout: float = 30) -> smtplib.SMTP:
        """A session on the STARTTLS port, with the gateway's name verified, logged in."""
        client = smtplib.SMTP("localhost", self.port, timeout=timeout)
        try:
            client.starttls(context=self.trust())
            client.login(user, self.secrets[user])
        except BaseException:
            client.close()
            raise
        return client

    def trust(self) -> ssl.SSLContext:
        own = self.directory / "tls" / "ca.pem"  # a sandbox makes its own
        return ssl.create_default_context(cafile=str(own if own.exists() else self.authority.ca_file))

    def send(self, message: bytes, *recipients: str, user: str = USER, **wishes: Any) -> str:
        """Hand one message in, as `submit` does; gives its ID."""
        code, reply = self.submit(message, *recipients, user=user, **wishes)
        assert code == 250, reply
        return reply.rpartition(" ")[2]

    def submit(
        self,
        message: bytes,
        *recipients: str,
        user: str = USER,
        sender: str = SENDER,
        mail_options: Sequence[str] = (),
        rcpt_options: Sequence[str] = (),
    ) -> tuple[int, str]:
        """What the gateway says to the message; every recipient must be taken."""
        with contextlib.closing(self.connect(user)) as client:
            assert client.mail(sender, mail_options)[0] == 250
            for recipient in recipients:
                assert client.rcpt(recipient, rcpt_options)[0] == 250
            code, reply = client.data(message)
        return code, reply.decode()

    # -- what has become of it

    @cached_property
    def stored(self) -> Messages:
        """The store, read from here: asking by a process each time would slow what is waited for."""
        return Messages(Database(self.database, SystemClock()))

    def states(self, text: str = "") -> list[str]:
        return sorted(line.state for line in self.stored.search(Search(text, limit=10_000)))

    def waiting(self) -> int:
        return len(self.stored.search(Search(states=_WAITING, limit=100_000)))

    def wait_until_empty(self, seconds: float = 60) -> None:
        wait_until(lambda: not self.waiting(), "the queue to be empty", seconds)

    def wait_for_states(self, text: str, *states: str, seconds: float = 30) -> None:
        wait_until(lambda: self.states(text) == sorted(states), f"{text} to be {states}", seconds)


def make_gateway(
    directory: Path, authority: Authority, *, database: str = "", settings: Mapping[str, str] | None = None
) -> Gateway:
    """Set up by `wardmail init`; routes and integrations are the caller's."""
    port, tls_port = free_port(), free_port()
    certificate = authority.issue("localhost", "127.0.0.1")
    own = {
        "listen.submission": f"127.0.0.1:{port}",
        "listen.submissions": f"127.0.0.1:{tls_port}",
        "listen.connections_per_minute": "0",
        "delivery.ca_file": str(authority.ca_file),
        "delivery.retry_minutes": "0.02",
    }
    url = database or f"sqlite:///{directory / 'data' / 'wardmail.db'}"
    gateway = Gateway(directory, authority, port, tls_port, url, own | dict(settings or {}))
    gateway.do(
        "init",
        "--file",
        directory / "wardmail.toml",
        "--hostname",
        "gateway.example",
        "--data",
        directory / "data",
        *(("--database", database) if database else ()),
        "--certificate",
        certificate.certificate,
        "--key",
        certificate.key,
    )
    return gateway


def let_in(gateway: Gateway, route: str, *options: object, user: str = USER) -> None:
    """Register an application that sends by `route` as anybody at trust.example, without ceilings."""
    limits = ("--messages-per-minute", 0, "--messages-per-day", 0, "--recipients-per-day", 0)
    senders = ("--sender", "@trust.example")
    gateway.do("integration", "create", user, "--route", route, *senders, *limits, *options)
    gateway.do("limits", "set", user, "--bulk-recipients", 0)  # tests send much of one kind
    made = gateway.do("integration", "credential", "add", user, "--username", user, "--json")
    gateway.secrets[user] = json.loads(made)["secret"]
    go_live_at_once(gateway, user)


def go_live_at_once(gateway: Gateway, name: str) -> None:
    """Straight into the store: the way through the tasks and two people is `test_register.py`'s."""
    database = Database(gateway.database, SystemClock())
    register = StoreRegister(database)
    record = register.snapshot().integrations[name]
    registration = replace(
        record.registration,
        handles=Sensitivity.OFFICIAL_SENSITIVE,
        iams=Recorded("IAMS-1", "test", 0.0),
        review_date=datetime.now(UTC).date() + timedelta(300),
    )
    register.save_integration(replace(record, state=IntegrationState.LIVE, registration=registration), "test")
    database.close()


def relay_to(gateway: Gateway, port: int, mode: str = "implicit") -> None:
    """A route to an upstream on this machine, whose name is proved, and an application that sends by it."""
    where = ("--host", "localhost", "--port", port, "--tls-mode", mode, "--ca-file", gateway.authority.ca_file)
    gateway.do("route", "create", "relay", "--kind", "smarthost", *where)
    let_in(gateway, "relay")


@contextlib.contextmanager
def running(gateway: Gateway, workers: int = 2) -> Iterator[Gateway]:
    gateway.start(workers)
    try:
        yield gateway
    finally:
        gateway.kill()


@contextlib.contextmanager
def running_sandbox(
    directory: Path, authority: Authority, *, examples: bool = False, **settings: str
) -> Iterator[Gateway]:
    """`wardmail run` in `directory`, as a newcomer starts it; the lines that it prints end up in the log."""
    port, tls_port, home = free_port(), free_port(), directory / ".wardmail"
    sandbox = Gateway(home, authority, port, tls_port, f"sqlite:///{home / 'wardmail.db'}", settings, {"demo": "demo"})
    others = (f"--{each}-port={free_port()}" for each in ("https", "receive", "demo"))
    begin = "--examples" if examples else "--no-examples"
    sandbox.launch("run", "--port", str(port), "--tls-port", str(tls_port), *others, begin)
    try:
        yield sandbox
    finally:
        sandbox.kill()
