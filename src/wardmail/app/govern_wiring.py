"""Chooses what the pages of those who answer for integrations, agreements, the policy and our domains stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wardmail.app.domain_wiring import domain_book_desk, domain_desk, report_desk, signing_key_desk
from wardmail.app.installation import Installation
from wardmail.app.register_knowledge import integration_desk, knowledge_of
from wardmail.app.stored_records import StoredWebhookRecords
from wardmail.manage.agreement_desk import AgreementDesk
from wardmail.manage.policy_desk import PolicyDesk

if TYPE_CHECKING:
    from wardmail.web.pages.govern.services import GovernServices
    from wardmail.web.pages.services import ConsoleServices


def governing_of(installation: Installation, console: ConsoleServices) -> GovernServices:
    from wardmail.web.pages.govern.services import GovernServices

    knowledge = knowledge_of(installation)
    override_days = installation.settings["register.override_days"]
    return GovernServices(
        console=console,
        integrations=integration_desk(knowledge, lambda: installation.pepper, override_days),
        agreements=AgreementDesk(installation.agreements, installation.register, installation.clock),
        policy=PolicyDesk(installation.policies, installation.clock),
        policy_book=installation.policies,
        domains=domain_desk(installation),
        domain_book=domain_book_desk(installation),
        signing_keys=signing_key_desk(installation),
        reports=report_desk(installation),
        seen=knowledge.seen,
        history=knowledge.history,
        webhooks=StoredWebhookRecords(installation.webhooks),
    )
