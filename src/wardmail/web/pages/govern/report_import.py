"""Report files that somebody has: taken in by the rules of `wardmail report dmarc import`, each report once (SHARE-17)."""

from __future__ import annotations

from starlette.responses import Response

from wardmail.assurance.report_desk import Intake
from wardmail.assurance.report_reading import LARGEST
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit

IMPORT = "/domains/reports/import"


class ReportImportPage:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show(self, visit: Visit) -> Response:
        return self._draw(visit)

    async def take(self, visit: Visit) -> Response:
        if not visit.file:
            return self._draw(visit, wrong="Choose a file that is not empty.")
        intake = await self._services.reports.take_file(visit.file, visit.visitor.person.id)
        return self._draw(visit, intake, " ".join(dict.fromkeys(intake.refused)))

    def _draw(self, visit: Visit, intake: Intake | None = None, wrong: str = "") -> Response:
        """What is taken is said also when a part was refused."""
        return self._pages.draw(
            "govern/report-import.jinja",
            "Import reports",
            422 if wrong else 200,
            visitor=visit.visitor,
            here="/domains",
            address=IMPORT,
            intake=intake,
            wrong=wrong,
            errors=bool(wrong),
            most_mb=LARGEST // (1024 * 1024),
        )
