"""The pages for people who are logged in, each with the permission that it takes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wardmail.model.person import Permission
from wardmail.web.pages.content import ContentPages
from wardmail.web.pages.guard import Open, Visit, guarding
from wardmail.web.pages.held import HeldPages
from wardmail.web.pages.held_together import HeldTogether
from wardmail.web.pages.identity import identity_routes
from wardmail.web.pages.message import MessagePage
from wardmail.web.pages.message_acts import MessageActs
from wardmail.web.pages.messages import MessagesPage
from wardmail.web.pages.navigation import MORE
from wardmail.web.pages.overview import OverviewPage
from wardmail.web.pages.services import ConsoleServices


def console_routes(services: ConsoleServices) -> list[Route]:
    guarded = guarding(services.pages, services.desk)

    async def accessibility(_: Request) -> Response:
        return services.pages.draw("accessibility.jinja", "Accessibility statement")

    async def more(visit: Visit) -> Response:
        places = services.pages.places.others(visit.visitor.person)
        return services.pages.draw("more.jinja", "More", visitor=visit.visitor, here=MORE, others=places)

    content, held = ContentPages(services), HeldPages(services)
    message = MessagePage(services, content)
    acts = MessageActs(services, message)
    return [
        Route("/accessibility", Open(accessibility, "it is for everybody who meets a page"), methods=["GET"]),
        guarded(MORE, more, *Permission),
        *identity_routes(services, guarded),
        guarded("/", OverviewPage(services).show, Permission.SEE),
        guarded("/messages", MessagesPage(services).show, Permission.SEE),
        guarded("/messages/{id}", message.show, Permission.SEE),
        guarded("/messages/{id}/content", content.open, Permission.READ_CONTENT, method="POST"),
        guarded("/messages/{id}/body", content.frame, Permission.READ_CONTENT),
        guarded("/messages/{id}/attachments/{n}", content.save, Permission.READ_CONTENT, method="POST"),
        guarded("/messages/{id}/resend", acts.resend, Permission.OPERATE_QUEUE, method="POST"),
        guarded("/messages/{id}/evidence", acts.take_evidence, Permission.TAKE_EVIDENCE, method="POST"),
        guarded("/held", held.list, Permission.SEE),
        guarded("/held", HeldTogether(services, held.list_again).decide, Permission.RELEASE_HOLDS, method="POST"),
        guarded("/held/{id}", held.show, Permission.SEE),
        guarded("/held/{id}", held.decide, Permission.RELEASE_HOLDS, Permission.RELEASE_TIME_CRITICAL, method="POST"),
    ]
