"""Whether a gateway is ready, as another process sees it: the same parts, and a knock at each listener."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from wardmail.app.host_and_port import address
from wardmail.app.inbound_wiring import receiver_settings
from wardmail.app.installation import Installation
from wardmail.app.readiness import BUDGET, Ask, Readiness, apart, standing_parts
from wardmail.app.settings import Settings
from wardmail.app.wiring import listener_settings
from wardmail.edges.door_probe import greets
from wardmail.model.readiness import Part
from wardmail.model.route import TlsMode


def parts_now(installation: Installation) -> Sequence[Part]:
    """Blocking; it takes seconds at most, however silent the parts are."""
    asks: Mapping[str, Ask] = {**standing_parts(installation), "listeners": apart(lambda: _listeners(installation))}
    return asyncio.run(Readiness(asks, budget=2 * BUDGET).parts())


def _listeners(installation: Installation) -> Part:
    doors = _doors(installation.settings)
    silent = sum(1 for host, port, tls in doors if not greets(host, port, tls=tls, timeout=BUDGET / len(doors)))
    if silent:
        return Part("listeners", False, f"{silent} of {len(doors)} do not answer")
    return Part("listeners", True, f"{len(doors)} answer" if doors else "there are none")


def _doors(settings: Settings) -> Sequence[tuple[str, int, bool]]:
    mail = (*listener_settings(settings).endpoints, *receiver_settings(settings).endpoints)
    found = [(each.host, each.port, each.tls is TlsMode.IMPLICIT) for each in mail]
    return [*found, *((*address(text), True) for text in settings["listen.https"])]
