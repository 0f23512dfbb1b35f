"""Gives each parcel to the courier that its handover's kind asks for, and lets no exception out."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from wardmail.model.handover import Handover, HandoverKind, NotTaken, Parcel, Taken
from wardmail.model.refusal import Unavailable
from wardmail.ports import HandoverCourier

_log = logging.getLogger(__name__)


class RoutedHandover:
    """Implements `ports.HandoverCourier` by others that do, one for each kind."""

    def __init__(self, by_kind: Mapping[HandoverKind, HandoverCourier]) -> None:
        self._by_kind = by_kind

    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        courier = self._by_kind.get(terms.kind)
        if courier is None:
            return NotTaken(f"This installation cannot hand over by {terms.kind.value}.")
        try:
            return await courier.hand_over(parcel, terms)
        except Unavailable as error:
            return NotTaken(f"{error.part} is not available.")
        except Exception as error:
            # The text of an unforeseen exception may hold part of a message; its type does not.
            _log.error("handing over %s by %s broke: %s", parcel.id, terms.kind.value, type(error).__name__)
            return NotTaken("The gateway made a mistake in this handover; it is tried again, and logged.")

    async def close(self) -> None:
        for courier in {id(courier): courier for courier in self._by_kind.values()}.values():
            await courier.close()
