"""Pushing into ServiceNow over TLS, against an instance with the traps that its documentation names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.peers.ground import Authority
from tests.journeys.peers.servicenow import Instance, running_instance
from tests.worlds import APP, SettableClock
from wardmail.edges.servicenow import ServiceNow, ServiceNowSettings
from wardmail.manage.cmdb import NotPushed, Pushed, correlation_of, push, read_map, values_of
from wardmail.model.refusal import Unavailable
from wardmail.model.route import OAuthClient

CORRELATION = correlation_of(APP, "gw.test")


class FixedSecrets:
    def reveal(self, reference: str) -> bytes:
        return reference.encode()

    def forget(self, reference: str) -> None: ...


class Room:
    def __init__(self, instance: Instance, address: str, ca_file: Path) -> None:
        self.instance = instance
        self.settings = ServiceNowSettings(
            instance=address,
            class_name="cmdb_ci_service_auto",
            source="Wardmail",
            correlation_field="correlation_id",
            user="wardmail",
            secret_ref="s3cret",
            oauth=OAuthClient(f"{address}/oauth_token.do", "wardmail", "s3cret", ""),
            ca_file=str(ca_file),
        )

    async def push(self, *, dry_run: bool = False, adopt: bool = False, **changes: Any) -> Pushed | NotPushed:
        settings = replace(self.settings, **changes)
        fields = read_map([f"{settings.correlation_field} = correlation", "name = title", "comments = summary"])
        assert isinstance(fields, tuple)
        cmdb = ServiceNow(settings, FixedSecrets(), SettableClock())
        values = values_of(APP, fields, "gw.test")
        return await push(cmdb, APP, values, CORRELATION, dry_run=dry_run, adopt=adopt)

    @property
    def writes(self) -> int:
        return sum(path == "/api/now/identifyreconcile" for _, path in self.instance.asked)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    authority, instance = Authority(tmp_path), Instance()
    with running_instance(authority.issue("localhost"), instance) as address:
        yield Room(instance, address, authority.ca_file)


@pytest.mark.parametrize("oauth", [True, False])
async def test_a_record_is_made_once_and_then_left_as_it_is(room: Room, oauth: bool) -> None:
    changes: dict[str, Any] = {} if oauth else {"oauth": None}
    first = await room.push(**changes)
    assert isinstance(first, Pushed)
    assert first.operation == "INSERT"
    assert room.instance.rows[first.sys_id]["correlation_id"] == CORRELATION
    assert await room.push(**changes) == Pushed("app", "NO_CHANGE", first.sys_id)
    assert len(room.instance.rows) == 1


async def test_a_dry_run_writes_nothing(room: Room) -> None:
    assert await room.push(dry_run=True) == Pushed("app", "INSERT", "")
    assert room.instance.rows == {}
    assert room.writes == 0


async def test_a_misspelt_correlation_field_matches_everything_and_is_found_out(room: Room) -> None:
    room.instance.add(name="Payroll", correlation_id="theirs")
    outcome = await room.push(correlation_field="corelation_id")
    assert isinstance(outcome, NotPushed)
    assert "do not carry our correlation ID" in outcome.reason
    assert room.writes == 0


async def test_a_field_that_is_dropped_in_silence_is_found_out_afterwards(room: Room) -> None:
    """In an empty table the search finds nothing to be wrong about; what was written is looked at again."""
    outcome = await room.push(correlation_field="corelation_id")
    assert isinstance(outcome, NotPushed)
    assert "does not carry our correlation ID" in outcome.reason


async def test_somebody_elses_record_of_the_same_name_is_not_written_into(room: Room) -> None:
    sys_id = room.instance.add(name=APP.name, correlation_id="theirs", comments="keep")
    outcome = await room.push(adopt=True)
    assert isinstance(outcome, NotPushed)
    assert "belongs to theirs" in outcome.reason
    assert room.instance.rows[sys_id]["comments"] == "keep"


async def test_nobodys_record_is_taken_over_when_asked(room: Room) -> None:
    sys_id = room.instance.add(name=APP.name)
    assert isinstance(await room.push(), NotPushed)
    assert room.writes == 0
    assert await room.push(adopt=True) == Pushed("app", "UPDATE", sys_id)


async def test_two_records_with_our_id_are_one_too_many(room: Room) -> None:
    for _ in range(2):
        room.instance.add(name="x", correlation_id=CORRELATION)
    outcome = await room.push()
    assert isinstance(outcome, NotPushed)
    assert outcome.reason.startswith("2 records")


async def test_a_record_that_access_control_hides_is_not_taken_for_absent(room: Room) -> None:
    sys_id = room.instance.add(name=APP.name, correlation_id=CORRELATION)
    room.instance.hidden.add(sys_id)
    outcome = await room.push()
    assert isinstance(outcome, NotPushed)
    assert "somebody else" in outcome.reason
    assert room.writes == 0


async def test_errors_inside_a_200_are_errors(room: Room) -> None:
    room.instance.sources.clear()
    outcome = await room.push()
    assert isinstance(outcome, NotPushed)
    assert "invalid data source [Wardmail]" in outcome.reason


async def test_it_waits_when_told_to_and_gives_up_in_the_end(room: Room) -> None:
    room.instance.busy = 2
    assert isinstance(await room.push(), Pushed)
    room.instance.busy = 100
    with pytest.raises(Unavailable, match="429"):
        await room.push()


async def test_the_old_table_api_says_404_for_nothing(room: Room) -> None:
    room.instance.old_table_api = True
    assert isinstance(await room.push(), Pushed)


async def test_a_token_that_ended_early_is_renewed(room: Room) -> None:
    cmdb = ServiceNow(room.settings, FixedSecrets(), SettableClock())
    assert await cmdb.find("nothing") == []
    room.instance.tokens.clear()
    assert await cmdb.find("nothing") == []
    assert [path for _, path in room.instance.asked].count("/oauth_token.do") == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, {"result": {"items": []}}), "form"),
        ((200, {"error": {"message": "Transaction cancelled", "detail": "maximum execution time"}}), "cancelled"),
        ((500, {}), "500"),
        ((302, {}), "302"),
    ],
)
async def test_an_answer_that_cannot_be_read_is_no_answer(
    room: Room, answer: tuple[int, dict[str, object]], words: str
) -> None:
    room.instance.answers_with = answer
    with pytest.raises(Unavailable, match=words):
        await room.push()


async def test_a_missing_scope_is_named(room: Room) -> None:
    room.instance.unscoped = True
    with pytest.raises(Unavailable, match=r"unscoped api.*REST API scope"):
        await room.push()


async def test_wrong_secrets_and_strangers_certificates_are_no_answer(room: Room) -> None:
    with pytest.raises(Unavailable, match="refused"):
        await room.push(secret_ref="wrong", oauth=None)
    with pytest.raises(Unavailable, match="no answer"):
        await room.push(ca_file=None, oauth=None)
