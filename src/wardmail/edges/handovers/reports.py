"""Hands what others report about our domains to the gateway itself, which reads and keeps it (SHARE-17)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from wardmail.model.handover import Handover, NotTaken, Parcel, Taken

TakeReport = Callable[[bytes, str, str], Awaitable[str]]
"""The message, the source, and the author's domain where it is proved; what became of it, in words."""


class ReportsHandover:
    """Implements `ports.HandoverCourier`. Mail that holds no report is taken too: its receipt says so.

    Anybody may write to the address that reports go to, and what they write must not fill people's desks.
    """

    def __init__(self, take: TakeReport) -> None:
        self._take = take

    async def hand_over(self, parcel: Parcel, terms: Handover) -> Taken | NotTaken:
        source = str(parcel.summary.get("source", ""))
        return Taken(await self._take(parcel.message, source, parcel.author_domain))

    async def close(self) -> None:
        return None
