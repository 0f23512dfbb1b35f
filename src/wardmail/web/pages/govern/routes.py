"""The addresses of these pages, each with the permission that it takes."""

from __future__ import annotations

from starlette.routing import Route

from wardmail.assurance.report_reading import LARGEST
from wardmail.model.person import Permission
from wardmail.web.pages.govern.agreement import AgreementPages
from wardmail.web.pages.govern.credentials import CredentialPages
from wardmail.web.pages.govern.domain_keys import DomainKeyPages
from wardmail.web.pages.govern.domains import DomainsPages
from wardmail.web.pages.govern.going_live import GoLivePages
from wardmail.web.pages.govern.integration import IntegrationPages
from wardmail.web.pages.govern.integrations import NEW, IntegrationsPages
from wardmail.web.pages.govern.other_domains import OtherDomainPages
from wardmail.web.pages.govern.policy import PolicyPages
from wardmail.web.pages.govern.policy_try import PolicyTryPage
from wardmail.web.pages.govern.policy_version import PolicyVersionPages
from wardmail.web.pages.govern.record import RecordPages
from wardmail.web.pages.govern.report_import import IMPORT, ReportImportPage
from wardmail.web.pages.govern.reports import ReportPages
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.govern.sharing import NEW as NEW_AGREEMENT
from wardmail.web.pages.govern.sharing import SharingPages
from wardmail.web.pages.guard import GuardedRoute, guarding

_ONE, _DOMAIN = "/integrations/{id}", "/domains/{domain}"


def govern_routes(services: GovernServices) -> list[Route]:
    guarded = guarding(services.console.pages, services.console.desk)
    return [
        *_integrations(services, guarded),
        *_domains(services, guarded),
        *_policy(services, guarded),
        *_sharing(services, guarded),
    ]


def _domains(services: GovernServices, guarded: GuardedRoute) -> list[Route]:
    domains, keys, reports = DomainsPages(services), DomainKeyPages(services), ReportPages(services)
    taking = ReportImportPage(services)
    others, other = OtherDomainPages(services), "/domains/others/{domain}"
    return [
        guarded("/domains/others", others.show_all, Permission.SEE),
        guarded("/domains/others", others.look, Permission.SEE, method="POST"),
        guarded(other, others.show, Permission.SEE),
        guarded(other, others.look, Permission.SEE, method="POST"),
        guarded(f"{other}/evidence", others.record, Permission.MANAGE_LISTS, method="POST"),
        guarded(IMPORT, taking.show, Permission.MANAGE_LISTS),
        guarded(IMPORT, taking.take, Permission.MANAGE_LISTS, method="POST", largest_file=LARGEST),
        guarded("/domains/reports/dmarc", reports.dmarc, Permission.SEE),
        guarded("/domains/reports/tls", reports.tls, Permission.SEE),
        guarded("/domains", domains.show_all, Permission.SEE),
        guarded("/domains", domains.add, Permission.MANAGE_LISTS, method="POST"),
        guarded(_DOMAIN, domains.show, Permission.SEE),
        guarded(_DOMAIN, domains.verify, Permission.SEE, method="POST"),
        guarded(f"{_DOMAIN}/keys", keys.change, Permission.KEEP_SECRETS, method="POST"),
        guarded(f"{_DOMAIN}/remove", domains.remove, Permission.MANAGE_LISTS, method="POST"),
    ]


def _integrations(services: GovernServices, guarded: GuardedRoute) -> list[Route]:
    everything, one = IntegrationsPages(services), IntegrationPages(services)
    record, credentials, go_live = RecordPages(services), CredentialPages(services), GoLivePages(services)
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
    ]


def _policy(services: GovernServices, guarded: GuardedRoute) -> list[Route]:
    policy, version, attempt = PolicyPages(services), PolicyVersionPages(services), PolicyTryPage(services)
    return [
        guarded("/policy", policy.show, Permission.SEE),
        guarded("/policy/try", attempt.show, Permission.SEE),
        guarded("/policy/try", attempt.answer, Permission.SEE, method="POST"),
        guarded("/policy/propose", policy.propose, Permission.PROPOSE_POLICY),
        guarded("/policy/propose", policy.propose, Permission.PROPOSE_POLICY, method="POST"),
        guarded("/policy/versions/{number}", version.show, Permission.SEE),
        guarded("/policy/versions/{number}", version.act, Permission.SEE, method="POST"),
    ]


def _sharing(services: GovernServices, guarded: GuardedRoute) -> list[Route]:
    sharing, agreement = SharingPages(services), AgreementPages(services)
    manage, sign = Permission.MANAGE_AGREEMENTS, Permission.SIGN_OFF_CLINICAL_SAFETY
    return [
        guarded("/sharing", sharing.show_all, Permission.SEE),
        guarded(NEW_AGREEMENT, sharing.new, manage),
        guarded(NEW_AGREEMENT, sharing.create, manage, method="POST"),
        guarded("/sharing/{id}", agreement.show, Permission.SEE),
        guarded("/sharing/{id}", agreement.act, manage, sign, method="POST"),
    ]
