"""A backup is made while mail pours in; on a fresh directory it delivers all that was accepted before, each once."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.databases import fresh_postgresql
from tests.journeys.gateway import Gateway, make_gateway, relay_to, running
from tests.journeys.peers.ground import Authority, free_port, need, wait_until
from tests.journeys.peers.sink import running_sink
from tests.journeys.test_crash import Applications

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

LARGE = (
    b"From: billing@trust.example\r\nSubject: large\r\nMessage-ID: <large@trust.example>\r\n\r\n"
    + b"A line that is planted-in-the-spool.\r\n" * 60_000
)


@dataclass
class Stage:
    """`accepted` was acknowledged before the backup began. `saved` is the backup."""

    gateway: Gateway
    authority: Authority
    directory: Path
    upstream: int
    accepted: list[str]
    saved: Path
    told: dict[str, object]


@contextlib.contextmanager
def _empty_database(server: str, name: str) -> Iterator[str]:
    admin = create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.rsplit("/", 1)[0] + f"/{name}"
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("backup")
    with contextlib.ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            need("pg_dump", "pg_restore")
            url = stack.enter_context(fresh_postgresql(request.getfixturevalue("postgres_server"))).url
        authority, upstream = Authority(directory), free_port()
        gateway = make_gateway(directory / "old", authority, database=url, settings={"log.level": "warning"})
        relay_to(gateway, upstream)
        gateway.do("route", "accredit", "relay", "--evidence", "a trial", "--expires", "2099-12-31")
        with running(gateway, workers=2):
            held = gateway.send(LARGE, "user@dest.example")  # too large to be read to its end, so sensitive
            gateway.do("hold", "release", held, "--reason", "a trial", "--yes")
            with Applications(gateway, 4) as load:
                wait_until(lambda: len(load.acknowledged) > 60, "mail to pour in", 30)
                accepted, saved = list(load.acknowledged), directory / "saved"
                (told,) = gateway.ask("backup", "create", saved)
        yield Stage(gateway, authority, directory, upstream, accepted, saved, told)


def _fresh(stage: Stage, name: str, database: str = "", *, key: bool = True) -> Gateway:
    """Nothing but a settings file, and the master key that was kept elsewhere."""
    old, place = stage.gateway, stage.directory / name
    (place / "data").mkdir(parents=True)
    words = (old.directory / "wardmail.toml").read_text().replace(str(old.directory), str(place))
    (place / "wardmail.toml").write_text(words.replace(old.database, database) if database else words)
    if key:
        shutil.copy(old.directory / "data" / "master.key", place / "data" / "master.key")
    url = database or f"sqlite:///{place / 'data' / 'wardmail.db'}"
    return replace(old, directory=place, database=url, process=None, _logs=[])


def test_what_was_accepted_is_delivered_once_each_from_a_fresh_directory(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    with contextlib.ExitStack() as stack:
        url = ""
        if stage.gateway.database.startswith("postgresql"):
            url = stack.enter_context(_empty_database(request.getfixturevalue("postgres_server"), "restored"))
        gateway = _fresh(stage, "new", url)
        gateway.run("backup", "restore", stage.saved, "--reason", "a trial", "--yes")
        assert gateway.run("audit", "verify").returncode == 0
        sink = stack.enter_context(
            running_sink(stage.directory, stage.authority.issue("sink.localhost", "localhost"), stage.upstream)
        )
        gateway.do("queue", "flush")  # else the pauses that a silent upstream had earned are waited for
        with running(gateway, workers=2):
            gateway.wait_until_empty(60)
        taken = Counter(each.number for each in sink.taken())
        assert set(stage.accepted) | {"large"} <= set(taken)
        assert set(taken.values()) == {1}
        assert gateway.ask("audit", "verify")
        gateway.__dict__.pop("stored", None)


def test_it_is_whole_and_has_no_master_key(stage: Stage) -> None:
    (found,) = stage.gateway.ask("backup", "verify", stage.saved)
    assert found["whole"] is True
    assert stage.told["has_master_key"] is False
    master = (stage.gateway.directory / "data" / "master.key").read_bytes().strip()
    for path in stage.saved.rglob("*"):
        assert path.is_dir() or (master not in (octets := path.read_bytes()) and b"planted-in-the-spool" not in octets)
        assert not path.stat().st_mode & 0o077, path
    assert [path.suffix for path in (stage.saved / "spool").iterdir()] == [".sealed"]


def test_one_octet_more_or_less_is_found(stage: Stage) -> None:
    for name in ("keystore.json", "spool"):
        copy = stage.directory / f"bent-{name}"
        shutil.copytree(stage.saved, copy)
        path = copy / name if name != "spool" else next((copy / "spool").iterdir())
        octets = bytearray(path.read_bytes())
        octets[len(octets) // 2] ^= 1
        path.write_bytes(octets)
        (found,) = stage.gateway.ask("backup", "verify", copy, status=1)
        assert [path.name in each and "not what was saved" in each for each in found["problems"]] == [True]
        shutil.rmtree(copy)


def test_it_is_refused_without_its_key_and_while_a_gateway_runs(stage: Stage) -> None:
    gateway = _fresh(stage, "keyless", key=False)
    done = gateway.run("backup", "restore", stage.saved, "--reason", "a trial", "--yes", status=None)
    assert done.returncode != 0
    assert not list((gateway.directory / "data").glob("wardmail.db"))
    if stage.gateway.database.startswith("sqlite"):
        with running(stage.gateway, workers=1):
            done = stage.gateway.run("backup", "restore", stage.saved, "--reason", "a test", "--yes", status=6)
            assert "WM-RUNNING-ALREADY" in done.stderr


def test_what_was_there_is_moved_aside_and_the_old_log_is_not_read_into_the_new(stage: Stage) -> None:
    if stage.gateway.database.startswith("postgresql"):
        done = stage.gateway.run("backup", "restore", stage.saved, "--reason", "a test", "--yes", status=6)
        assert "WM-BACKUP-NOT-EMPTY" in done.stderr
        return
    gateway = _fresh(stage, "twice")
    for _ in range(2):
        gateway.run("backup", "restore", stage.saved, "--reason", "a trial", "--yes")
        gateway.do("person", "list")
    data = gateway.directory / "data"
    assert len(list(data.glob("wardmail.db.replaced-*"))) == 1
    assert len(list(data.glob("spool.replaced-*"))) == 1
    assert gateway.run("audit", "verify").returncode == 0
    kinds = [line["kind"] for line in gateway.ask("audit", "list", "--limit", 10_000)]
    assert kinds.count("BackupRestored") == 1


def test_as_one_file_it_holds_the_same(stage: Stage) -> None:
    if stage.gateway.database.startswith("postgresql"):
        pytest.skip("the same for both")
    archive = stage.directory / "saved.tar"
    stage.gateway.run("backup", "create", archive)
    assert json.loads(stage.gateway.run("backup", "verify", archive, "--json").stdout)["whole"] is True
    assert stage.gateway.run("backup", "create", archive, status=6).stderr.endswith("[WM-BACKUP-EXISTS]\n")
    assert not [path.name for path in stage.directory.iterdir() if path.name.startswith(".")]
