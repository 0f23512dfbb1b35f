"""A complete record for tests: everything that going live asks of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.worlds import APP, START
from wardmail.model.classification import Sensitivity
from wardmail.model.registration import Contact, Hosting, Recorded, Registration, Signature


def recorded(text: str) -> Recorded:
    return Recorded(text, "amina", START)


COMPLETE = Registration(
    purpose="Discharge letters to practices",
    handles=Sensitivity.OFFICIAL_SENSITIVE,
    clinical=False,
    owner=Contact("Amina Khan", "amina@trust.example"),
    deputy=Contact("Bo Lee", "bo@trust.example"),
    hosting=Hosting.CLOUD,
    location="GB",
    upstream_service="NHSmail",
    upstream_account="svc.discharge@nhs.net",
    iams=recorded("IAMS-1"),
    dpia=recorded("DPIA-1"),
    slsp=recorded("SLSP-1"),
    application_document="https://docs.trust.example/discharge",
    upstream_document="https://service.trust.example/kb/1",
    cmdb=recorded("CI-1"),
    review_date=date(2027, 3, 1),
    signature=Signature("Discharge team", "Discharge co-ordinator", "Example Trust"),
)
REGISTERED = replace(APP, registration=COMPLETE)
