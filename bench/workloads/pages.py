"""PAGES: how long the console's pages take, over HTTPS and one after another, with a million messages stored."""

from __future__ import annotations

import math
import re
import signal
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

import httpx2

from bench.ground import Ground, free_port, wait_until
from bench.systems.wardmail import WARDMAIL
from wardmail.app.installation import Installation
from wardmail.model.message_id import make_id
from wardmail.ports import Blinder
from wardmail.protocol.headers import HeaderBlock
from wardmail.protocol.search_terms import terms_of

_SPAN = 90 * 86_400.0
_ASKED = 40
_OWN = {"Sec-Fetch-Site": "same-origin"}
_STATES = ("delivered",) * 90 + ("relayed",) * 5 + ("bounced",) * 3 + ("expired", "cancelled")


@dataclass(frozen=True)
class Pages:
    """Milliseconds by address; `p95_ms` of all requests together."""

    messages: int
    p95_ms: float
    slowest_ms: dict[str, float]


def measure_pages(ground: Ground, messages: int) -> Pages:
    home = ground.directory / "console"
    with _sandbox(home):
        pass  # only so that there is a database
    _fill(home, messages)
    with _sandbox(home) as (address, login):
        trust = ssl.create_default_context(cafile=str(home / "tls" / "ca.pem"))
        headers = {**_OWN, "Origin": address}
        with httpx2.Client(verify=trust, base_url=address, headers=headers, timeout=60) as http:
            assert http.post("/log-in", data={**login, "next": "/"}).status_code == 303
            took = {path: _took(http, path) for path in _addresses(messages)}
    every = sorted(each for times in took.values() for each in times)
    slowest = {path: round(_p95(sorted(times)), 1) for path, times in took.items()}
    return Pages(messages, round(_p95(every), 1), dict(sorted(slowest.items(), key=lambda item: -item[1])))


def _addresses(messages: int) -> list[str]:
    one = _id(messages // 2, time.time() - _SPAN / 2)
    lists = ["/", "/messages", "/messages?status=failed&when=week", "/messages?q=user77@d77.example"]
    subjects = ["clinic letter", "letter smith77", f"letter {messages // 2}", "letter nothing", '"Letter to the ward"']
    names = [f"<{messages // 3}@epr.example>", "<nothing@epr.example>", f"epr {messages // 4}"]
    others = ["/held", "/queue", "/evidence", "/integrations", "/integrations/demo", "/sharing", "/policy", "/domains"]
    return [
        *lists,
        f"/messages?q={one[:8]}",
        "/messages?q=nobody@nowhere.example",
        *(f"/messages?q={quote_plus(each)}" for each in (*subjects, *names)),
        *others,
        "/check",
        "/docs",
        "/people",
    ]


def _took(http: httpx2.Client, path: str) -> list[float]:
    times = []
    for _ in range(_ASKED):
        began = time.perf_counter()
        answer = http.get(path)
        times.append((time.perf_counter() - began) * 1e3)
        assert answer.status_code == 200, (path, answer.status_code)
    return times


def _p95(times: list[float]) -> float:
    return times[math.ceil(0.95 * len(times)) - 1]


@contextmanager
def _sandbox(home: Path) -> Iterator[tuple[str, dict[str, str]]]:
    ports = {name: free_port() for name in ("port", "tls-port", "receive-port", "https-port", "demo-port")}
    options = [f"--{name}={port}" for name, port in ports.items()]
    log = home.with_suffix(".log")
    with log.open("wb") as out:
        command = [str(WARDMAIL), "run", "--no-examples", "--directory", str(home), *options]
        process = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            wait_until(lambda: b"Simulators" in log.read_bytes(), "the sandbox", 60)
            found = re.search(r"name (\S+), password (\S+), codes (\S+)", log.read_text())
            assert found is not None
            login = dict(zip(("name", "password", "code"), found.groups(), strict=True))
            yield f"https://localhost:{ports['https-port']}", login
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _fill(home: Path, messages: int) -> None:
    """Rows as the gateway writes them, without content: over ninety days, one copy each, most of them delivered."""
    now, blinder = time.time(), Installation.at(str(home / "wardmail.toml")).blinder
    with closing(sqlite3.connect(home / "wardmail.db")) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        columns = {
            table: [(row[1], row[2].upper(), row[3]) for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in ("message", "recipient")
        }
        for begin in range(0, messages, 50_000):
            numbers = range(begin, min(begin + 50_000, messages))
            for table, rows in (
                ("message", [_message(n, now - _SPAN * (1 - n / messages)) for n in numbers]),
                ("recipient", [_recipient(n, now - _SPAN * (1 - n / messages)) for n in numbers]),
            ):
                _insert(connection, table, columns[table], rows)
            clues = [each for n in numbers for each in _clues(blinder, n, now - _SPAN * (1 - n / messages))]
            connection.executemany("INSERT INTO clue VALUES (?, ?)", sorted(clues))
            connection.commit()
        connection.execute("ANALYZE")


def _insert(
    connection: sqlite3.Connection, table: str, columns: list[tuple[str, str, int]], rows: list[dict[str, object]]
) -> None:
    """What a row does not say, and may not be empty, is as little as its kind allows."""
    least = {name: "" if kind == "TEXT" else 0 for name, kind, needed in columns if needed}
    names = [name for name, _, _ in columns if name in least or name in rows[0]]
    marks = ", ".join("?" * len(names))
    full = [[{**least, **row}[name] for name in names] for row in rows]
    connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", full)


def _clues(blinder: Blinder, number: int, at: float) -> list[tuple[int, str]]:
    """Of a subject with words that all have, that half of them have, that few have, and that no other has."""
    subject = f"Letter to the {('clinic', 'ward')[number % 2]} about Smith{number % 5000} no {number}"
    fields = f"Subject: {subject}\r\nMessage-ID: <{number}@epr.example>\r\nWardmail-Reference: EPR {number}\r\n"
    block = HeaderBlock.split(fields.encode())
    assert isinstance(block, HeaderBlock)
    return [(each, _id(number, at)) for each in blinder.blinded(terms_of(block, None), at)]


def _message(number: int, at: float) -> dict[str, object]:
    return {
        "id": _id(number, at),
        "integration_id": "demo",
        "username": "demo",
        "sender": "app@demo.example",
        "size": 10_000,
        "sensitivity": 1,
        "marks": "[]",
        "received_at": at,
        "expires_at": at + 345_600,
    }


def _recipient(number: int, at: float) -> dict[str, object]:
    return {
        "message_id": _id(number, at),
        "n": 0,
        "address": f"user{number % 5000}@d{number % 300}.example",
        "domain": f"d{number % 300}.example",
        "route": "sandbox",
        "protections": "[]",
        "because": "[]",
        "state": _STATES[number % len(_STATES)],
        "attempts": 1,
        "last_reply": "250 2.0.0 kept in the sandbox",
        "updated_at": at,
    }


def _id(number: int, at: float) -> str:
    return make_id(at, number)
