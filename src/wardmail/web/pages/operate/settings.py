"""The settings as they are in force: read only, with where each comes from (experience, decision 10)."""

from __future__ import annotations

import json

from starlette.responses import Response

from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.grid import Cell, Grid, cells
from wardmail.web.pages.operate.services import OperateServices

HERE = "/settings"
_HEADINGS = ("Setting", "Value", "From", "What it is")


class SettingsPage:
    def __init__(self, services: OperateServices) -> None:
        self._services = services

    async def show(self, visit: Visit) -> Response:
        records = self._services.settings()
        groups: dict[str, list[list[Cell]]] = {}
        for each in records:
            row = cells(each["key"], _written(each["value"]), each["origin"], each["meaning"])
            groups.setdefault(str(each["key"]).partition(".")[0], []).append(row)
        return self._services.console.pages.draw(
            "operate/settings.jinja",
            "Settings",
            visitor=visit.visitor,
            here=HERE,
            grids=[Grid(name, _HEADINGS, rows) for name, rows in groups.items()],
            changed=sum(each["origin"] != "default" for each in records),
        )


def _written(value: object) -> str:
    """As the settings file has it; a text without its quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
