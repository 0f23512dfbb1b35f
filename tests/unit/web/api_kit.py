"""The API over a real store and the real walk, called in memory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx2
from starlette.applications import Starlette

from tests.databases import fresh_sqlite
from tests.inbound_desk import Office, office
from tests.worlds import Stage, staged
from wardmail.app.inbound_wiring import inspection_by
from wardmail.app.stored_ceilings import StoredCeilings
from wardmail.app.stored_records import StoredArrivalRecords, StoredMessageRecords, StoredWebhookRecords
from wardmail.edges.blinding import MonthlyBlinder
from wardmail.edges.smtp_limits import PeerLedger
from wardmail.edges.smtp_settings import PeerLimits
from wardmail.inbound.pulling import PullDesk
from wardmail.manage.address_check import checker
from wardmail.manage.client_tokens import TokenDesk
from wardmail.outbound.opened_content import ContentDesk
from wardmail.outbound.resending import ResendDesk
from wardmail.outbound.submission import Desk
from wardmail.store.given_replies import StoreGivenReplies
from wardmail.store.inbox import Inbox
from wardmail.store.limits import StoreLimits
from wardmail.store.messages import Messages
from wardmail.store.notices_feed import NoticesFeed
from wardmail.store.provider_logins import StoreProviderLogins
from wardmail.store.webhooks import StoreWebhooks
from wardmail.web.api.building import build_api
from wardmail.web.api.services import ApiServices
from wardmail.web.api.tokens import token_route

if TYPE_CHECKING:
    from wardmail.web.api.office import Office as PeoplesOffice

AUDIENCES = ("https://gw.test", "https://gw.test/oauth2/token")
LARGEST = 3 * 1024 * 1024


@dataclass
class Api:
    stage: Stage
    http: httpx2.AsyncClient
    office: Office
    services: ApiServices

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer wmk_app-1.{self.stage.secret}"}


class NoDispatch:
    """Nothing is delivered: what is accepted waits."""

    def has_room(self, route: str, size: int) -> bool:
        return False

    def offer(self, consignments: object) -> None:
        return


@contextlib.asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Api]:
    with fresh_sqlite(directory) as database, office(database) as desk, staged(directory, database) as stage:
        world = stage.world
        services = ApiServices(
            desk=Desk(world, NoDispatch()),
            ledger=PeerLedger(PeerLimits(failed_logins=5)),
            check_address=lambda profile, text: checker(world.register.table(profile), world.clock.now)(text),
            messages=StoredMessageRecords(Messages(stage.database), MonthlyBlinder(stage.keystore)),
            arrivals=StoredArrivalRecords(Inbox(stage.database), MonthlyBlinder(stage.keystore)),
            pull=PullDesk(desk.world),
            replies=StoreGivenReplies(stage.database),
            notices=NoticesFeed(stage.database),
            webhooks=StoredWebhookRecords(StoreWebhooks(stage.database)),
            largest=LARGEST,
            ceilings=StoredCeilings(StoreLimits(stage.database), stage.clock).of,
            tokens=TokenDesk(
                Desk(world, NoDispatch()), StoreProviderLogins(stage.database), stage.clock, world.pepper, AUDIENCES
            ),
            waiting=Messages(stage.database),
            content=ContentDesk(world, inspection_by(desk.world)),
            resend=ResendDesk(world, Desk(world, NoDispatch()).accept),
            office=cast("PeoplesOffice", None),  # people have a kit of their own
        )
        site = Starlette(routes=[token_route(services)])
        site.router.default = build_api(services, "0")
        transport = httpx2.ASGITransport(app=site, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="https://gw.test") as http:
            yield Api(stage, http, desk, services)
