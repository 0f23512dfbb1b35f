"""A file of DMARC reports, sent by a person in a real browser: with scripts and without, wide and narrow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.browsing import ROOM, Told, looked_at, welcoming_sandbox
from tests.journeys.gateway import Gateway
from tests.reports import A_DAY, dmarc_xml, zipped

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Gateway]:
    with welcoming_sandbox("report-import") as made:
        yield made


def test_a_file_is_imported_and_what_is_none_is_refused(sandbox: Gateway, browser: Browser, tmp_path: Path) -> None:
    good, wrong = tmp_path / "report.zip", tmp_path / "letter.txt"
    good.write_bytes(zipped(dmarc_xml(domain="demo.example", began=int(time.time()) - A_DAY)))
    wrong.write_text("Dear team")
    told = Told(sandbox)
    context = browser.new_context(viewport=ROOM, ignore_https_errors=True)
    page = told.log_in(context, "demo", "/domains")
    page.get_by_role("link", name="Import reports from a file").click()
    looked_at(page, "report-import")
    page.set_input_files("input[type=file]", wrong)
    page.get_by_role("button", name="Import it").click()
    assert "There is no report in it" in page.inner_text(".nhsuk-error-summary")
    looked_at(page, "report-import-refused")
    page.set_input_files("input[type=file]", good)
    page.get_by_role("button", name="Import it").click()
    assert "1 report is new" in page.inner_text("[role=status]")
    looked_at(page, "report-import-taken")
    state = context.storage_state()
    plain = browser.new_context(java_script_enabled=False, ignore_https_errors=True, storage_state=state).new_page()
    plain.goto(f"{told.address}/domains/reports/import")
    plain.set_input_files("input[type=file]", good)
    plain.get_by_role("button", name="Import it").click()
    assert "0 reports are new. 1 was here already" in plain.inner_text("[role=status]")
