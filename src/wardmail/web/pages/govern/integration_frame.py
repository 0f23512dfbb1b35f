"""What all pages about one integration have in common: which one it is, its state, and the way to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from wardmail.manage.documents import state_words
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.register import RegisterSnapshot
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import told
from wardmail.web.pages.operate.grid import Cell

HERE = "/integrations"
_COLOURS = {
    IntegrationState.DRAFT: "blue",
    IntegrationState.TRIAL: "yellow",
    IntegrationState.LIVE: "green",
    IntegrationState.DUE: "orange",
    IntegrationState.LAPSED: "red",
    IntegrationState.SUSPENDED: "orange",
    IntegrationState.RETIRED: "grey",
}
_TABS = (
    ("", "Activity"),
    ("/record", "Record"),
    ("/credentials", "Credentials"),
    ("/rules", "Sending rules"),
    ("/receiving", "Receiving"),
    ("/webhooks", "Webhooks"),
    ("/go-live", "Go live"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One integration on a page; `state` is today's, which the calendar may have moved on."""

    integration: Integration
    snapshot: RegisterSnapshot
    state: IntegrationState

    @property
    def tag(self) -> Cell:
        return state_cell(self.state)

    @property
    def words(self) -> str:
        """What its state means."""
        return state_words(self.state).partition(": ")[2]


def state_cell(state: IntegrationState) -> Cell:
    return Cell(state_words(state).partition(":")[0].capitalize(), colour=_COLOURS[state])


def tabs(name: str) -> Sequence[tuple[str, str]]:
    return [(f"{HERE}/{name}{path}", words) for path, words in _TABS]


async def find(services: GovernServices, visit: Visit) -> Shown | None:
    snapshot = await services.register()
    integration = snapshot.integrations.get(str(visit.request.path_params["id"]))
    if integration is None:
        return None
    return Shown(integration, snapshot, services.console.world.register.state_of(integration))


def gone(services: GovernServices, visit: Visit) -> Response:
    words = "Look for it in the list of integrations."
    return told(services.console.pages, visit, HERE, 404, "There is no such integration", words, back=HERE)


def draw(
    services: GovernServices, visit: Visit, shown: Shown, look: tuple[str, str], status: int = 200, **values: object
) -> Response:
    """`look` is the template, and the tab that it is."""
    (template, tab), name = look, shown.integration.id
    words = dict(_TABS)[tab]
    return services.console.pages.draw(
        f"govern/{template}.jinja",
        f"{words}: {shown.integration.name}",
        status,
        visitor=visit.visitor,
        here=HERE,
        shown=shown,
        base=f"{HERE}/{name}",
        tabs=tabs(name),
        current=f"{HERE}/{name}{tab}",
        heading=words,
        **values,
    )
