"""What others report, on pages: counted when its sender is proved, shown as a claim when not, and never believed as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reports import A_DAY, ReadingHere, dmarc_xml, message, tls_json, zipped
from tests.unit.web.console_kit import Console, open_console
from wardmail.assurance.report_desk import ReportDesk
from wardmail.model.person import Role
from wardmail.store.outside_reports import StoreOutsideReports

HOSTILE = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        made.register("viewer", Role.VIEWER)
        yield made


def desk(console: Console) -> ReportDesk:
    return ReportDesk(
        StoreOutsideReports(console.stage.database), ReadingHere(), lambda: ("trust.example",), console.stage.clock
    )


@pytest.mark.parametrize("kind", ["dmarc", "tls"])
async def test_without_reports_the_page_says_how_they_come(console: Console, kind: str) -> None:
    async with console.visitor("viewer") as http:
        page = await http.get(f"/domains/reports/{kind}")
    assert page.status_code == 200
    assert f"wardmail report {kind} import" in page.text


async def test_what_is_proved_counts_and_what_is_claimed_is_shown_apart(console: Console) -> None:
    yesterday = int(console.stage.clock.at) - A_DAY
    proved = message(zipped(dmarc_xml(began=yesterday)))
    assert (await desk(console).take_message(proved, "reports", "big.example")).kept
    forged = dmarc_xml(
        began=yesterday, report_id="x", reporter=HOSTILE, rows=[("203.0.113.7", 777, "none", "fail", "fail")]
    )
    assert (await desk(console).take_message(message(zipped(forged)), "reports", "")).kept
    async with console.visitor("viewer") as http:
        page = (await http.get("/domains/reports/dmarc")).text
        other = (await http.get("/domains/reports/dmarc", params={"domain": "other.example"})).text
    assert "1 report in the last 30 days: 8 messages passed, 3 failed." in page
    assert "1 more report is a claim" in page
    assert "198.51.100.9" in page
    assert "203.0.113.7" not in page
    assert "<script>alert" not in page
    assert "Not proved" in page
    assert "0 reports in the last 30 days" in other


async def test_tls_failures_are_said_in_words(console: Console) -> None:
    day = "2026-11-01"
    console.stage.clock.at = 1_793_577_600.0 + 2 * A_DAY
    assert (await desk(console).take_file(tls_json(day=day), "oli")).kept
    async with console.visitor("viewer") as http:
        page = (await http.get("/domains/reports/tls")).text
    assert "40 sessions had TLS, 2 failed" in page
    assert "The certificate has expired" in page
    assert "mx.trust.example" in page
