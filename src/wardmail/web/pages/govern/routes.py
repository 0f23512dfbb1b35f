"""The addresses of these pages, each with the permission that it takes."""

from __future__ import annotations

from starlette.routing import Route

from wardmail.model.person import Permission
from wardmail.web.pages.govern.agreement import AgreementPages
from wardmail.web.pages.govern.credentials import CredentialPages
from wardmail.web.pages.govern.domains import DomainsPages
from wardmail.web.pages.govern.going_live import GoLivePages
from wardmail.web.pages.govern.integration import IntegrationPages
from wardmail.web.pages.govern.integrations import NEW, IntegrationsPages
from wardmail.web.pages.govern.policy import PolicyPages
from wardmail.web.pages.govern.policy_try import PolicyTryPage
from wardmail.web.pages.govern.policy_version import PolicyVersionPages
from wardmail.web.pages.govern.record import RecordPages
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.govern.sharing import NEW as NEW_AGREEMENT
from wardmail.web.pages.govern.sharing import SharingPages
from wardmail.web.pages.guard import Guarded, Page

_ONE = "/integrations/{id}"


def govern_routes(services: GovernServices) -> list[Route]:
    console = services.console

    def guarded(path: str, page: Page, *needs: Permission, method: str = "GET") -> Route:
        return Route(path, Guarded(console.pages, console.desk, needs, page), methods=[method])

    everything, one = IntegrationsPages(services), IntegrationPages(services)
    record, credentials, go_live = RecordPages(services), CredentialPages(services), GoLivePages(services)
    sharing, agreement = SharingPages(services), AgreementPages(services)
    policy, version, attempt = PolicyPages(services), PolicyVersionPages(services), PolicyTryPage(services)
    domains = DomainsPages(services)
    draft, run = Permission.DRAFT_INTEGRATIONS, Permission.RUN_INTEGRATIONS
    return [
        guarded("/integrations", everything.show_all, Permission.SEE),
        guarded(NEW, everything.new, draft),
        guarded(NEW, everything.create, draft, method="POST"),
        guarded(_ONE, one.activity, Permission.SEE),
        guarded(_ONE, one.step, draft, run, method="POST"),
        guarded(f"{_ONE}/record", record.show, Permission.SEE),
        guarded(f"{_ONE}/record", record.change, draft, method="POST"),
        guarded(f"{_ONE}/credentials", credentials.show, Permission.SEE),
        guarded(f"{_ONE}/credentials", credentials.change, Permission.ISSUE_CREDENTIALS, method="POST"),
        guarded(f"{_ONE}/rules", one.rules, Permission.SEE),
        guarded(f"{_ONE}/receiving", one.receiving, Permission.SEE),
        guarded(f"{_ONE}/webhooks", one.webhooks, Permission.SEE),
        guarded(f"{_ONE}/go-live", go_live.show, Permission.SEE),
        guarded(f"{_ONE}/go-live", go_live.act, Permission.SEE, method="POST"),
        guarded("/domains", domains.show_all, Permission.SEE),
        guarded("/domains/{domain}", domains.show, Permission.SEE),
        guarded("/domains/{domain}", domains.verify, Permission.SEE, method="POST"),
        guarded("/policy", policy.show, Permission.SEE),
        guarded("/policy/try", attempt.show, Permission.SEE),
        guarded("/policy/try", attempt.answer, Permission.SEE, method="POST"),
        guarded("/policy/propose", policy.propose, Permission.PROPOSE_POLICY),
        guarded("/policy/propose", policy.propose, Permission.PROPOSE_POLICY, method="POST"),
        guarded("/policy/versions/{number}", version.show, Permission.SEE),
        guarded("/policy/versions/{number}", version.act, Permission.SEE, method="POST"),
        guarded("/sharing", sharing.show_all, Permission.SEE),
        guarded(NEW_AGREEMENT, sharing.new, Permission.MANAGE_AGREEMENTS),
        guarded(NEW_AGREEMENT, sharing.create, Permission.MANAGE_AGREEMENTS, method="POST"),
        guarded("/sharing/{id}", agreement.show, Permission.SEE),
        guarded(
            "/sharing/{id}",
            agreement.act,
            Permission.MANAGE_AGREEMENTS,
            Permission.SIGN_OFF_CLINICAL_SAFETY,
            method="POST",
        ),
    ]
