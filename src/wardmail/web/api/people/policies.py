"""`/v1/policies`: the rules in force and their versions, as `wardmail policy` has them; a site's own can only tighten."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.requests import Request

from wardmail.web.api.person_caller import PolicyApprover, PolicyProposer, Seer
from wardmail.web.api.problem import Problem
from wardmail.web.api.schema import SMALL, Reason, Sent, Why
from wardmail.web.api.services import office_of

router = APIRouter(prefix="/v1/policies", tags=["policies"])

_RULES_OCTETS = 256 * 1024
_Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
_Rules = Annotated[
    list[dict[str, object]],
    Field(
        max_length=500, description="Rules as `wardmail policy export --json` writes them; the site's own, all of them."
    ),
]
_trials = asyncio.Semaphore(1)
"""One at a time in each process: a whole month is judged again."""


class Proposal(Sent):
    rules: _Rules
    reason: Reason


class Simulation(Sent):
    """By `version`, or by `rules` that nobody has kept yet."""

    version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    rules: _Rules | None = None
    days: Annotated[float, Field(gt=0, le=90, description="How far back.")] = 30


@router.get("")
async def show_all(request: Request, person: Seer) -> dict[str, object]:
    """All versions: who drafted, who approved, when in force, and why."""
    return {"items": await asyncio.to_thread(office_of(request).policies.all)}


@router.post("", status_code=201, max_body_size=_RULES_OCTETS)
async def propose(
    request: Request,
    person: PolicyProposer,
    made: Proposal,
    try_only: Annotated[bool, Query(alias="dry_run", description="Say what would change; keep nothing.")] = False,
) -> dict[str, object]:
    """A new draft. It changes nothing until it is checked, approved by another person, and activated."""
    draft = partial(office_of(request).policies.draft, person, made.rules, made.reason, dry_run=try_only)
    return dict(await asyncio.to_thread(draft))


@router.post("/simulations", max_body_size=_RULES_OCTETS)
async def simulate(request: Request, person: Seer, wanted: Simulation) -> dict[str, object]:
    """Judge again what was accepted lately: what would fare differently, and for how many copies. Nothing is changed."""
    if (wanted.version is None) is (wanted.rules is None):
        wrong = {"pointer": "/version", "detail": "is given beside rules, or neither is"}
        raise Problem(422, "WM-REQUEST", "Not one choice", "Give version, or rules.", [wrong])
    if _trials.locked():
        detail = "Another simulation runs at this moment."
        raise Problem(503, "WM-POLICY-BUSY", "Not now", detail, headers={"Retry-After": "30"})
    async with _trials:
        desk = office_of(request).policies
        return dict(await asyncio.to_thread(desk.simulate, wanted.version, wanted.rules, wanted.days))


@router.get("/active")
async def show_active(request: Request, person: Seer) -> dict[str, object]:
    """The one in force: every rule in a sentence, the built-in ones too; `site_rules` can be proposed again."""
    return dict(await asyncio.to_thread(office_of(request).policies.one, None))


@router.get("/{version}")
async def show(request: Request, person: Seer, version: _Version) -> dict[str, object]:
    """One version, its rules in sentences."""
    return dict(await asyncio.to_thread(office_of(request).policies.one, version))


@router.post("/{version}/check")
async def check(request: Request, person: PolicyProposer, version: _Version) -> dict[str, object]:
    """Run lint and every rule's examples; a draft that passes goes on to be approved."""
    return dict(await asyncio.to_thread(office_of(request).policies.check, person, version))


@router.post("/{version}/approve", max_body_size=SMALL)
async def approve(request: Request, person: PolicyApprover, version: _Version, why: Why) -> dict[str, object]:
    """Say yes to a checked version that another person drafted."""
    return dict(await asyncio.to_thread(office_of(request).policies.approve, person, version, why.reason))


@router.post("/{version}/activate", max_body_size=SMALL)
async def activate(request: Request, person: PolicyProposer, version: _Version, why: Why) -> dict[str, object]:
    """Put an approved version in force: every process follows within a second."""
    return dict(await asyncio.to_thread(office_of(request).policies.activate, person, version, why.reason))


@router.post("/{version}/withdraw", max_body_size=SMALL)
async def withdraw(request: Request, person: PolicyProposer, version: _Version, why: Why) -> dict[str, object]:
    """Give up a version that is not in force."""
    return dict(await asyncio.to_thread(office_of(request).policies.withdraw, person, version, why.reason))
