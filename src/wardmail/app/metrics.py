"""The numbers of `/metrics`: counters of all workers, and how things stand in the store and the register."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from datetime import time as clock_time
from pathlib import Path

from wardmail import __version__
from wardmail.app.counting import LATENCY_BUCKETS
from wardmail.app.installation import Installation
from wardmail.app.metric_names import COUNTERS, GAUGES, LATENCY
from wardmail.app.secret_places import of_route, of_source
from wardmail.app.supervisor import LONGEST_SILENCE
from wardmail.app.tally import Series
from wardmail.edges.certificate_facts import certificate_facts
from wardmail.model.readiness import Part
from wardmail.model.refusal import Unavailable
from wardmail.model.register import RegisterSnapshot
from wardmail.model.route import TlsLevel
from wardmail.model.traffic import Phase
from wardmail.outbound.register_view import RegisterView
from wardmail.protocol.exposition import Histogram, Samples, written
from wardmail.store.gauges import Pile, StoreGauges, read_gauges

BUDGET = 5.0
"""Seconds for the store; without its answer the rest is told."""

KEPT = 1.0
"""Seconds for which the store's answer is told again."""

Gauges = Mapping[str, Samples]


class Numbers:
    """However many ask at once, the store is asked once."""

    def __init__(self, installation: Installation, register: RegisterView) -> None:
        self._installation = installation
        self._register = register
        self._thread = ThreadPoolExecutor(1, "metrics")
        self._asked: asyncio.Future[Gauges] | None = None
        self._asked_at = 0.0

    async def text(self, parts: Sequence[Part]) -> str:
        found = dict(await self._stored())
        found |= own_gauges(self._installation)
        found |= _of_register(self._register, self._installation.clock.now())
        found["wardmail_ready"] = {(each.name,): float(each.ok) for each in parts}
        totals = self._installation.workers.tally.totals()
        return "".join((*_counters(totals), *_gauges(found)))

    async def _stored(self) -> Gauges:
        now, asked = time.monotonic(), self._asked
        if asked is None or (asked.done() and now - self._asked_at >= KEPT):
            loop = asyncio.get_running_loop()
            asked = self._asked = loop.run_in_executor(self._thread, stored_gauges, self._installation)
            self._asked_at = now
        if not asked.done():
            await asyncio.wait([asked], timeout=BUDGET)
        return asked.result() if asked.done() else {"wardmail_store_up": {(): 0.0}}


def stored_gauges(installation: Installation) -> Gauges:
    """Blocking. What only the store knows; `wardmail_store_up` 0 and nothing else when it does not say."""
    try:
        gauges = read_gauges(installation.database)
        ends = _ends_of_secrets(installation)
        lists = installation.register.list_versions()
    except Exception:  # a number that is missing is told by another; its words would tell an address of a server
        return {"wardmail_store_up": {(): 0.0}}
    now = installation.clock.now()
    return {
        "wardmail_store_up": {(): 1.0},
        **queue_gauges(gauges, now),
        "wardmail_upstream_credential_expiry_timestamp_seconds": ends,
        "wardmail_list_age_seconds": {("accredited",): now - lists[0].imported_at} if lists else {},
    }


def queue_gauges(gauges: StoreGauges, now: float) -> Gauges:
    by_state: dict[str, list[Pile]] = {"accepted": [], "deferred": []}
    for (state, _), pile in gauges.queue.items():
        by_state.setdefault(state, []).append(pile)
    with_tls = [pile for (_, tls), pile in gauges.queue.items() if tls is not TlsLevel.NONE]
    holds = {str(urgent).lower(): [gauges.holds[urgent]] if urgent in gauges.holds else [] for urgent in (True, False)}
    arrivals = {state: [pile] for state, pile in gauges.arrivals.items()}
    webhooks = {kind: [pile] for kind, pile in gauges.webhooks.items()}
    return {
        "wardmail_queue_messages": _counts(by_state),
        "wardmail_queue_oldest_age_seconds": _ages(by_state, now),
        "wardmail_required_tls_messages": {(): float(sum(each.count for each in with_tls))},
        "wardmail_required_tls_oldest_age_seconds": {(): _age(with_tls, now)},
        "wardmail_holds": _counts(holds),
        "wardmail_hold_oldest_age_seconds": _ages(holds, now),
        "wardmail_inbound_messages": _counts(arrivals),
        "wardmail_inbound_oldest_age_seconds": _ages(arrivals, now),
        "wardmail_webhooks_waiting": _counts(webhooks),
        "wardmail_webhook_oldest_age_seconds": _ages(webhooks, now),
    }


def own_gauges(installation: Installation) -> Gauges:
    beats = installation.workers.beats
    silent = beats.silent(LONGEST_SILENCE)
    working = sum(1 for slot in range(beats.count) if beats.last(slot) and slot not in silent)
    found: dict[str, Samples] = {
        "wardmail_build_info": {(__version__,): 1.0},
        "wardmail_workers": {("working",): float(working), ("missing",): float(beats.count - working)},
    }
    try:
        found["wardmail_disk_free_bytes"] = {(): float(shutil.disk_usage(installation.settings.data).free)}
        ends = certificate_facts(Path(installation.settings["tls.certificate"])).expires_at
        found["wardmail_certificate_expiry_timestamp_seconds"] = {(): ends}
    except (OSError, Unavailable):
        pass  # what is missing is told by wardmail_ready
    return found


def _of_register(register: RegisterView, now: float) -> Gauges:
    try:
        snapshot = register.snapshot
    except Unavailable:
        return {}
    ends: dict[tuple[str, ...], float] = {}
    for each in snapshot.credentials.values():
        if each.revoked_at is None and each.expires_at is not None:
            key = (each.integration_id,)
            ends[key] = min(each.expires_at, ends.get(key, each.expires_at))
    paused = sum(1 for each in snapshot.breakers.values() if each.phase(now) is Phase.OPEN)
    accredited = {name: route.accreditation for name, route in snapshot.routes.items() if route.accreditation}
    return {
        "wardmail_credential_expiry_timestamp_seconds": ends,
        "wardmail_paused_integrations": {(): float(paused)},
        "wardmail_accreditation_expiry_timestamp_seconds": {
            (name,): _end_of(each.expires) for name, each in accredited.items()
        },
    }


def _ends_of_secrets(installation: Installation) -> Samples:
    """By whose secret it is, and not by its reference: that may be the path of a file."""
    notes = installation.secret_notes.all()
    ends: dict[tuple[str, ...], float] = {}
    for key, references in _owners(installation.register.snapshot()):
        days = [notes[each].expires for each in references if each in notes]
        known = [day for day in days if day is not None]
        if known:
            ends[key] = _end_of(min(known))
    return ends


def _owners(snapshot: RegisterSnapshot) -> Iterator[tuple[tuple[str, str], list[str]]]:
    for route in snapshot.routes.values():
        yield ("route", route.name), of_route(route)
    for source in snapshot.sources.values():
        yield ("source", source.name), of_source(source)


def _end_of(day: date) -> float:
    """The last day counts whole."""
    return datetime.combine(day, clock_time.max, UTC).timestamp()


def _counts(piles: Mapping[str, Sequence[Pile]]) -> Samples:
    return {(name,): float(sum(each.count for each in some)) for name, some in piles.items()}


def _ages(piles: Mapping[str, Sequence[Pile]], now: float) -> Samples:
    return {(name,): _age(some, now) for name, some in piles.items()}


def _age(piles: Sequence[Pile], now: float) -> float:
    return max([0.0, *(now - each.oldest for each in piles)])


def _counters(totals: Mapping[Series, float]) -> Iterator[str]:
    for family in COUNTERS:
        yield from written(family, {each[1:]: value for each, value in totals.items() if each[0] == family.name})
    bounds = (*(f"{each:g}" for each in LATENCY_BUCKETS), "+Inf")
    within = tuple(totals.get((f"{LATENCY.name}_bucket", bound), 0.0) for bound in bounds)
    yield from written(LATENCY, Histogram(LATENCY_BUCKETS, within, totals.get((f"{LATENCY.name}_sum",), 0.0)))


def _gauges(found: Gauges) -> Iterator[str]:
    for family in GAUGES:
        yield from written(family, found.get(family.name, {}))
