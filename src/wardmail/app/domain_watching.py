"""Wires the daily look at our own domains: one process of an installation runs it, where settings want it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from wardmail.app.domain_wiring import domain_desk, ours_of
from wardmail.app.installation import Installation
from wardmail.assurance.domain_watch import DomainWatch
from wardmail.outbound.domain_alert import DomainAlert
from wardmail.outbound.world import World


def watching_domains(installation: Installation, world: World) -> tuple[Coroutine[Any, Any, None], ...]:
    if not installation.settings["domains.watch"]:
        return ()
    alert = DomainAlert(world, installation.people.all)
    desk = domain_desk(installation)
    return (DomainWatch(desk, lambda: ours_of(installation), alert.tell, installation.clock).run(),)
