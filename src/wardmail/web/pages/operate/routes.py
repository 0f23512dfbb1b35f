"""The addresses of the pages for those who run the gateway, each with the permission that it takes."""

from __future__ import annotations

from starlette.routing import Route

from wardmail.model.person import Permission
from wardmail.web.pages.guard import guarding
from wardmail.web.pages.operate.evidence import EvidencePages
from wardmail.web.pages.operate.quarantine import QuarantinePages
from wardmail.web.pages.operate.queue import QueuePages
from wardmail.web.pages.operate.received import ReceivedPage
from wardmail.web.pages.operate.received_one import ReceivedOnePage
from wardmail.web.pages.operate.sandbox import SandboxPage
from wardmail.web.pages.operate.services import OperateServices
from wardmail.web.pages.operate.settings import SettingsPage
from wardmail.web.pages.operate.sources import SourcePages
from wardmail.web.pages.operate.webhooks import WebhookPages


def operate_routes(services: OperateServices) -> list[Route]:
    console = services.console
    guarded = guarding(console.pages, console.desk)
    quarantine, sources = QuarantinePages(services), SourcePages(services)
    queue, webhooks, evidence = QueuePages(services), WebhookPages(services), EvidencePages(services)
    routes = [
        guarded("/queue", queue.show_all, Permission.SEE),
        guarded("/queue/flush", queue.flush, Permission.OPERATE_QUEUE, method="POST"),
        guarded("/queue/{id}", queue.show, Permission.SEE),
        guarded("/queue/{id}", queue.decide, Permission.OPERATE_QUEUE, method="POST"),
        guarded("/webhooks", webhooks.show_all, Permission.SEE),
        guarded("/webhooks/{id}", webhooks.show, Permission.SEE),
        guarded("/webhooks/{id}", webhooks.change, Permission.OPERATE_QUEUE, method="POST"),
        guarded("/evidence", evidence.show, Permission.SEE),
        guarded("/evidence/verify", evidence.verify, Permission.TAKE_EVIDENCE, method="POST"),
        guarded("/evidence/packs", evidence.take, Permission.TAKE_EVIDENCE, method="POST"),
        guarded("/received", ReceivedPage(services).show, Permission.SEE),
        guarded("/received/{id}", ReceivedOnePage(services).show, Permission.SEE),
        guarded("/quarantine", quarantine.show_all, Permission.SEE),
        guarded("/quarantine/{id}", quarantine.show, Permission.SEE),
        guarded("/quarantine/{id}", quarantine.decide, Permission.RELEASE_HOLDS, method="POST"),
        guarded("/sources", sources.show_all, Permission.SEE),
        guarded("/sources/{name}", sources.show, Permission.SEE),
        guarded("/sources/{name}", sources.change, Permission.CHANGE_ROUTES, method="POST"),
        guarded("/settings", SettingsPage(services).show, Permission.SEE),
    ]
    if services.theatre is not None:
        page = SandboxPage(console.pages, services.theatre)
        routes += [
            guarded("/sandbox", page.show, Permission.SEE),
            guarded("/sandbox", page.play, Permission.OPERATE_QUEUE, method="POST"),
        ]
    return routes
