"""Reports as others send them, made by hand, and the messages around them."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence

from wardmail.assurance.report_reading import Unread, reports_in
from wardmail.model.aggregate_report import Report

A_DAY = 86_400
Row = tuple[str, int, str, str, str]


def dmarc_xml(
    domain: str = "trust.example",
    *,
    report_id: str = "r-1",
    reporter: str = "big.example",
    email: str = "dmarc@big.example",
    began: int = 0,
    rows: Sequence[Row] = (("192.0.2.1", 8, "none", "pass", "pass"), ("198.51.100.9", 3, "reject", "fail", "fail")),
    before: str = "",
    namespace: str = "",
) -> bytes:
    """A row: source, count, disposition, dkim, spf."""
    records = "".join(
        f"<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated><disposition>{disposition}"
        f"</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row>"
        f"<identifiers><header_from>{domain}</header_from></identifiers>"
        "<auth_results><dkim><domain>other.example</domain><result>pass</result></dkim></auth_results></record>"
        for ip, count, disposition, dkim, spf in rows
    )
    return (
        f'<?xml version="1.0"?>{before}<feedback{namespace}><report_metadata><org_name>{reporter}</org_name>'
        f"<email>{email}</email><report_id>{report_id}</report_id><date_range><begin>{began}</begin>"
        f"<end>{began + A_DAY - 1}</end></date_range></report_metadata>"
        f"<policy_published><domain>{domain}</domain><p>reject</p></policy_published>{records}</feedback>"
    ).encode()


def tls_json(
    *domains: str, report_id: str = "t-1", day: str = "2027-01-14", changed: Mapping[str, object] | None = None
) -> bytes:
    policies = [
        {
            "policy": {"policy-type": "sts", "policy-domain": domain},
            "summary": {"total-successful-session-count": 40, "total-failure-session-count": 2},
            "failure-details": [
                {
                    "result-type": "certificate-expired",
                    "receiving-mx-hostname": f"mx.{domain}",
                    "failed-session-count": 2,
                }
            ],
        }
        for domain in domains or ("trust.example",)
    ]
    told: dict[str, object] = {
        "organization-name": "Big Mail",
        "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
        "contact-info": "tls@big.example",
        "report-id": report_id,
        "policies": policies,
    }
    return json.dumps(told | dict(changed or {})).encode()


def zipped(octets: bytes, *names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("report.xml",):
            archive.writestr(name, octets)
    return made.getvalue()


def gzipped(octets: bytes) -> bytes:
    return gzip.compress(octets, mtime=0)


def message(
    octets: bytes, media: str = "application/zip", name: str = "report.zip", sender: str = "big.example"
) -> bytes:
    encoded = base64.encodebytes(octets).replace(b"\n", b"\r\n")
    head = (
        f"From: dmarc@{sender}\r\nTo: dmarc-reports@trust.example\r\nSubject: Report Domain: trust.example\r\n"
        'Message-ID: <r@big.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\n<p>Your report.</p>\r\n"
        f'--b\r\nContent-Type: {media}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + encoded + b"--b--\r\n"


class ReadingHere:
    """Implements `ReportReader` without a process."""

    async def read(self, octets: bytes) -> list[Report | Unread]:
        return reports_in(octets)
