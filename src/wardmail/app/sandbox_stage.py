"""What the sandbox plays, as people choose it: by command or on the page, with their name in the audit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wardmail.app.installation import Installation
from wardmail.edges.sandbox_acts import ACTS, SIMULATOR_DOMAIN, SIMULATORS, Stage
from wardmail.model.refusal import Unavailable
from wardmail.model.stored import Event
from wardmail.ports import Clock
from wardmail.store.chain import EventChain
from wardmail.store.connection import Database


class SandboxStage:
    """Implements `ports.Theatre`."""

    def __init__(self, data: Path, database: Database, clock: Clock) -> None:
        self._stage = Stage(data / "sandbox")
        self._database = database
        self._clock = clock

    @property
    def acts(self) -> Mapping[str, str]:
        return {name: act.words for name, act in ACTS.items()}

    @property
    def simulators(self) -> Mapping[str, str]:
        words = {local: ACTS[act].words for local, act in SIMULATORS.items()}
        words["delay"] += ", twice"
        return {f"{local}@{SIMULATOR_DOMAIN}": each for local, each in words.items()}

    def current(self) -> str:
        return self._stage.current()

    def choose(self, name: str, actor: str) -> None:
        try:
            self._stage.choose(name)
        except OSError as error:
            raise Unavailable("the sandbox's directory", str(error.strerror)) from error
        event = Event("SandboxActChosen", self._clock.now(), actor, None, "sandbox", {"act": name})
        with self._database.write() as connection:
            EventChain(self._database).append(connection, [event])


def stage_of(installation: Installation) -> SandboxStage:
    return SandboxStage(installation.settings.data, installation.database, installation.clock)
