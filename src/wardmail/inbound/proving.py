"""Asks for the proofs of a sender in the way that its source and its integration ask for (SHARE-16)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from wardmail.inbound.sender import LARGE, SenderTerms, prove_sender
from wardmail.inbound.trusted import Trusted
from wardmail.inbound.world import Register
from wardmail.model.sender import SenderEvidence, Sending
from wardmail.model.source import Source
from wardmail.model.standing import Profile, StandingAnswer
from wardmail.ports import Clock, Resolver
from wardmail.protocol.raw_message import split_message


class StandingRegister(Register, Protocol):
    def standing(self, profile: Profile, domain: str) -> StandingAnswer: ...


class SenderProver:
    """Implements `inbound.world.Prover`. `sealers` are domains whose ARC seals are believed."""

    def __init__(
        self, register: StandingRegister, resolver: Resolver, clock: Clock, *, receiver: str, sealers: frozenset[str]
    ) -> None:
        self._register = register
        self._resolver = resolver
        self._clock = clock
        self._receiver = receiver
        self._sealers = sealers

    async def prove(self, message: bytes, sending: Sending, source: Source | None) -> SenderEvidence:
        trusted = Trusted(source.trusted_hop if source is not None else "", self._sealers)
        terms = SenderTerms(self._clock.now(), self._standing(source), self._receiver, trusted)
        raw = await asyncio.to_thread(split_message, message) if len(message) > LARGE else split_message(message)
        return await prove_sender(raw, sending, terms, self._resolver)

    def _standing(self, source: Source | None) -> Callable[[str], StandingAnswer]:
        """By the table of the integration that the mail is for."""
        integrations = self._register.snapshot.integrations
        integration = integrations.get(source.integration) if source is not None else None
        profile = integration.profile if integration is not None else Profile.HEALTH_AND_CARE
        return lambda domain: self._register.standing(profile, domain)
