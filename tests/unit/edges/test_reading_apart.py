"""Reports of others are read in a process that may die of one: then it is said that they cannot be read, and others can."""

from __future__ import annotations

import json

import pytest
from tests.reports import dmarc_xml, message, tls_json, zipped

from wardmail.assurance.report_reading import Unread, reports_in
from wardmail.edges.reading_apart import ReadingApart
from wardmail.edges.report_wire import pack_reports, unpack_reports
from wardmail.edges.worker_pool import WorkerTerms
from wardmail.model.aggregate_report import DmarcReport


@pytest.mark.parametrize(
    "octets",
    [dmarc_xml(), message(zipped(dmarc_xml())), tls_json("a.example", "b.example"), b"", b"<feedback>", b"\xff" * 100],
)
async def test_a_worker_reads_what_this_process_reads(octets: bytes) -> None:
    found = reports_in(octets)
    assert list(unpack_reports(pack_reports(found))) == found
    assert list(await ReadingApart().read(octets)) == found


async def test_a_report_as_large_as_can_be_is_read_within_the_limits() -> None:
    """Every row another address; the file packs to little, and its totals stay right."""
    rows = [(f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}", 2, "none", "pass", "fail") for n in range(40_000)]
    (found,) = await ReadingApart().read(zipped(dmarc_xml(rows=rows)))
    assert isinstance(found, DmarcReport)
    assert sum(each.count for each in found.rows) == 80_000
    assert len(found.rows) == 1001


@pytest.mark.parametrize("body", [b"crash", b"hang", b"hog", b"lie", b"boast", b"stop"])
async def test_a_report_that_breaks_its_reader(body: bytes) -> None:
    terms = WorkerTerms("tests.breaking_reader", workers=1, seconds=1.5, memory=256 * 1024 * 1024)
    (found,) = await ReadingApart(terms).read(body)
    assert isinstance(found, Unread)
    assert ("too long" in found.why) == (body == b"hang")


@pytest.mark.parametrize(
    "packed", [b"", b"{}", b"[1]", b'[{"kind": "os.system", "said": {}}]', b'[{"kind": "Unread"}]']
)
def test_what_is_no_answer_is_none(packed: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        unpack_reports(packed)
    assert json.loads(pack_reports([])) == []
