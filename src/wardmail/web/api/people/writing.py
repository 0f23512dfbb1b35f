"""Writes a record by request: new or whole, tried only, told with every fault."""

from __future__ import annotations

import asyncio
from functools import partial

from starlette.requests import Request

from wardmail.model.person import Person
from wardmail.web.api.schema import NewRecord, WholeRecord, Written
from wardmail.web.api.services import office_of


async def create(request: Request, person: Person, kind: str, made: NewRecord, *, dry_run: bool) -> Written:
    return await _write(request, person, kind, made.name, made, dry_run=dry_run)


async def replace(
    request: Request, person: Person, kind: str, name: str, made: WholeRecord, *, dry_run: bool
) -> Written:
    return await _write(request, person, kind, name, made, dry_run=dry_run)


async def _write(
    request: Request, person: Person, kind: str, name: str, made: NewRecord | WholeRecord, *, dry_run: bool
) -> Written:
    desk, is_new = office_of(request).records, isinstance(made, NewRecord)
    write = partial(desk.write, person, kind, name, made.record, made.reason, new=is_new, dry_run=dry_run)
    changes = await asyncio.to_thread(write)
    record = None if is_new and dry_run else dict(await asyncio.to_thread(desk.table, kind, name))
    return Written(name=name, dry_run=dry_run, changes=[dict(each) for each in changes], record=record)
