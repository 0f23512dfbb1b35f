"""What these pages stand on, besides what all pages do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from wardmail.assurance.domain_desk import DomainDesk, our_domains
from wardmail.assurance.report_desk import ReportDesk
from wardmail.manage.agreement_desk import AgreementDesk
from wardmail.manage.domain_book import DomainBookDesk
from wardmail.manage.going_live import Seen
from wardmail.manage.integration_desk import IntegrationDesk
from wardmail.manage.policy_desk import PolicyDesk
from wardmail.manage.signing_keys import SigningKeyDesk
from wardmail.model.integration import Integration
from wardmail.model.reading import Record
from wardmail.model.register import RegisterSnapshot
from wardmail.ports import PolicyBook, WebhookRecords
from wardmail.web.pages.services import ConsoleServices


@dataclass(frozen=True, slots=True)
class GovernServices:
    """`seen` is what the gateway knows of its own for the tasks of going live; `history` what was done to one record."""

    console: ConsoleServices
    integrations: IntegrationDesk
    agreements: AgreementDesk
    policy: PolicyDesk
    policy_book: PolicyBook
    domains: DomainDesk
    domain_book: DomainBookDesk
    signing_keys: SigningKeyDesk
    reports: ReportDesk
    seen: Callable[[Integration], Seen]
    history: Callable[[str], Sequence[Record]]
    webhooks: WebhookRecords

    async def register(self) -> RegisterSnapshot:
        """As it is now: who changes something sees it on the next page, whichever process draws that."""
        view = self.console.world.register
        await asyncio.to_thread(view.refresh)
        return view.snapshot

    async def our_domains(self, keyed: Iterable[str]) -> Sequence[str]:
        snapshot = await self.register()
        return our_domains(snapshot.integrations.values(), keyed, await self.domains.known())
