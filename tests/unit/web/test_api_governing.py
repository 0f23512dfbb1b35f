"""`/v1/sharing-agreements`, `/v1/domains`, `/v1/lists` and the webhooks of an integration, by people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.reports import A_DAY, dmarc_xml
from tests.unit.web.office_kit import SENSITIVE, PeoplesApi, opened
from wardmail.app.domain_wiring import report_desk
from wardmail.model.accredited import AccreditedEntry, ListVersion
from wardmail.model.person import Role
from wardmail.model.question import Answer, Question, Unknown
from wardmail.store import look_limit
from wardmail.store.register import ACCREDITED

WHY = {"reason": "the discharge project"}
ALL, DOMAINS = "/v1/sharing-agreements", "/v1/domains"
HOOKS = "/v1/integrations/app/webhook-endpoints"
PARTNER = {
    "partner": "The hospice",
    "purpose": "care at home",
    "information": "discharge letters",
    "document": "IG-7",
    "domains": ["hospice.example"],
    "starts": "2026-01-01",
    "ends": "2028-01-01",
}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[PeoplesApi]:
    async with opened(tmp_path) as made:
        made.register("gwen", Role.GOVERNANCE)
        made.register("clara", Role.CLINICIAN)
        made.register("oli", Role.MAIL_OPERATOR)
        made.register("vera", Role.VIEWER)
        yield made


async def call(api: PeoplesApi, method: str, path: str, who: str, body: object = None, **query: str) -> tuple[int, Any]:
    answer = await api.http.request(method, path, json=body, params=query, headers=api.keys[who])
    return answer.status_code, answer.json() if answer.content else None


async def test_an_agreement_counts_when_two_have_signed_it(api: PeoplesApi) -> None:
    made = {"name": "hospice", "record": PARTNER, **WHY}
    assert (await call(api, "POST", ALL, "vera", made))[0] == 403
    status, written = await call(api, "POST", ALL, "gwen", made)
    assert (status, written["record"]["partner"]) == (201, "The hospice"), written
    assert (await call(api, "POST", ALL, "gwen", made))[1]["code"] == "WM-AGREEMENT-EXISTS"
    path = f"{ALL}/hospice"
    assert (await call(api, "GET", path, "vera"))[1]["standing"] == "unsigned"
    assert (await call(api, "POST", f"{path}/signatures/clinical-safety", "gwen", WHY))[0] == 403
    assert (await call(api, "POST", f"{path}/signatures/governance", "gwen", WHY))[0] == 200
    status, signed = await call(api, "POST", f"{path}/signatures/clinical-safety", "clara", WHY)
    assert (signed["standing"], signed["clinical_safety"]["by"]) == ("in-force", "clara")
    status, renewed = await call(
        api, "POST", f"{path}/renew", "gwen", {"name": "hospice-2", "ends": "2029-01-01", **WHY}
    )
    assert (status, renewed["standing"]) == (201, "unsigned")
    assert (await call(api, "POST", f"{path}/end", "gwen", WHY))[1]["standing"] == "ended"
    assert (await call(api, "POST", f"{path}/end", "gwen", WHY))[0] == 409
    names = [each["agreement"] for each in (await call(api, "GET", ALL, "vera"))[1]["items"]]
    assert names == ["hospice", "hospice-2"]
    assert [actor for actor, _ in api.events("AgreementSigned")] == ["gwen", "clara"]


async def test_one_owner_does_not_sign_both_parts(api: PeoplesApi) -> None:
    api.register("olga", Role.OWNER)
    await call(api, "POST", ALL, "olga", {"name": "hospice", "record": PARTNER, **WHY})
    assert (await call(api, "POST", f"{ALL}/hospice/signatures/governance", "olga", WHY))[0] == 200
    assert (await call(api, "POST", f"{ALL}/hospice/signatures/clinical-safety", "olga", WHY))[0] == 409


@pytest.mark.parametrize(
    "changed",
    [
        {"ends": "2025-01-01"},
        {"ends": "soon"},
        {"ends": 7},
        {"domains": ["nhs.uk"]},
        {"domains": "hospice.example"},
        {"governance": {"by": "gwen", "at": 1.0, "reason": "forged"}},
        {"highest": "secret"},
        {"integrations": ["nobody"]},
        {"partner": ""},
    ],
)
async def test_agreements_that_cannot_be(api: PeoplesApi, changed: dict[str, object]) -> None:
    made = {"name": "hospice", "record": PARTNER | changed, **WHY}
    status, told = await call(api, "POST", ALL, "gwen", made)
    if "governance" in changed:
        assert (await call(api, "GET", f"{ALL}/hospice", "vera"))[1].get("governance") is None
    else:
        assert (status, told["code"]) == (422, "WM-RECORD"), told


async def test_keys_of_a_domain_are_changed_by_who_keeps_secrets(api: PeoplesApi) -> None:
    found = (await call(api, "GET", DOMAINS, "vera"))[1]["items"]
    assert {each["domain"]: each["signing_keys"] for each in found} == {"team.example": 0, "trust.example": 2}
    assert (await call(api, "POST", f"{DOMAINS}/team.example/dkim-keys", "vera", {}))[0] == 403
    assert (await call(api, "GET", f"{DOMAINS}/team.example/dns-records", "vera"))[1]["code"] == "WM-DKIM-NO-KEY"
    wanted = {"algorithms": ["ed25519-sha256"]}
    status, made = await call(api, "POST", f"{DOMAINS}/team.example/dkim-keys", "oli", wanted)
    assert (status, [each["algorithm"] for each in made["items"]]) == (201, ["ed25519-sha256"])
    records = (await call(api, "GET", f"{DOMAINS}/team.example/dns-records", "vera"))[1]["items"]
    assert f"{made['items'][0]['selector']}._domainkey.team.example" in [each["name"] for each in records]
    for wrong in ({"key": "hunter2"}, {"algorithms": ["md5"]}):
        assert (await call(api, "POST", f"{DOMAINS}/team.example/dkim-keys", "oli", wrong))[0] == 422
    assert (await call(api, "GET", f"{DOMAINS}/no..domain/dkim-keys", "oli"))[0] == 422


class SilentDns:
    def __init__(self, *place: object) -> None:
        pass

    async def answer(self, question: Question) -> Answer:
        return Unknown("a test")


@pytest.fixture
def _silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wardmail.app.domain_wiring.DnsResolver", SilentDns)


@pytest.mark.usefixtures("_silence")
async def test_a_key_waits_and_does_not_sign_before_the_dns_shows_it(api: PeoplesApi) -> None:
    keys = f"{DOMAINS}/trust.example/dkim-keys"
    status, made = await call(api, "POST", keys, "oli", {"algorithms": ["ed25519-sha256"], "signs_now": False})
    (waits,) = [each for each in made["items"] if each["state"] == "waiting"]
    assert status == 201
    one = f"{keys}/{waits['selector']}"
    assert (await call(api, "POST", f"{one}/activate", "vera"))[0] == 403
    status, told = await call(api, "POST", f"{one}/activate", "oli")
    assert (status, told["code"]) == (503, "WM-DKIM-CANNOT-TELL")
    assert (await call(api, "POST", f"{keys}/unknown/activate", "oli"))[1]["code"] == "WM-SIGNING-KEY-NOT-FOUND"
    assert (await call(api, "POST", f"{one}/retire", "vera"))[0] == 403
    assert (await call(api, "POST", f"{one}/retire", "oli"))[1]["state"] == "retired"
    assert (await call(api, "POST", f"{one}/retire", "oli"))[0] == 409
    assert (await call(api, "POST", f"{keys}/ed25519/retire", "oli"))[1]["state"] == "retired"
    status, told = await call(api, "POST", f"{keys}/rsa/retire", "oli")
    assert (status, told["code"]) == (409, "WM-DKIM-LAST-KEY")
    assert [who for who, _ in api.events("SigningKeyRetired")] == ["oli", "oli"]


@pytest.mark.usefixtures("_silence")
async def test_domains_are_put_on_record_looked_at_and_taken_off(api: PeoplesApi) -> None:
    for wrong in ({"domain": "no domain"}, {"domain": "x.example", "note": "n" * 201}, {"domain": "a.b\u0000c"}, {}):
        assert (await call(api, "POST", DOMAINS, "oli", wrong))[0] == 422
    wanted = {"domain": "Hospice.example", "ours": False, "note": "a partner"}
    assert (await call(api, "POST", DOMAINS, "vera", wanted))[0] == 403
    status, made = await call(api, "POST", DOMAINS, "oli", wanted)
    assert (status, made["domain"], made["added_by"]) == (201, "hospice.example", "oli")
    assert (await call(api, "POST", DOMAINS, "oli", wanted))[1]["code"] == "WM-DOMAIN-EXISTS"
    listed = {each["domain"]: each for each in (await call(api, "GET", DOMAINS, "vera"))[1]["items"]}
    assert (listed["hospice.example"]["ours"], listed["trust.example"]["ours"]) == (False, True)
    looks = f"{DOMAINS}/hospice.example/checks"
    assert (await call(api, "GET", looks, "vera"))[1] == {"items": []}
    assert (await call(api, "GET", f"{DOMAINS}/hospice.example/spf-tree", "vera"))[1]["code"] == "WM-DOMAIN-UNSEEN"
    status, seen = await call(api, "POST", looks, "vera")
    assert (status, seen["good"]) == (201, False), "a silent DNS is not good"
    assert (await call(api, "GET", looks, "vera"))[1]["items"] == [seen]
    tree = (await call(api, "GET", f"{DOMAINS}/hospice.example/spf-tree", "vera"))[1]
    assert tree["terms"][0]["problem"] == "the DNS does not answer"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look_limit, "LOOKS_OF_ALL", 1)
        status, told = await call(api, "POST", looks, "vera")
    assert (status, told["code"]) == (429, "WM-LIMIT-LOOKS")
    evidence, shown = f"{DOMAINS}/hospice.example/evidence", {"kind": "dspt", "reference": "X26", "until": "2020-01-01"}
    assert (await call(api, "POST", evidence, "vera", shown))[0] == 403
    assert (await call(api, "POST", evidence, "oli", shown))[1]["code"] == "WM-ASSURANCE"
    shown["until"] = datetime.fromtimestamp(api.installation.clock.now() + 30 * A_DAY, UTC).date().isoformat()
    status, made = await call(api, "POST", evidence, "oli", shown)
    assert (status, made["items"][0]["in_date"], made["items"][0]["recorded_by"]) == (201, True, "oli")
    assert (await call(api, "POST", f"{DOMAINS}/unknown.example/evidence", "oli", shown))[0] == 404
    assert (await call(api, "GET", evidence, "vera"))[1] == made
    assert (await call(api, "DELETE", f"{DOMAINS}/hospice.example", "vera"))[0] == 403
    assert (await call(api, "DELETE", f"{DOMAINS}/hospice.example", "oli"))[0] == 204
    assert (await call(api, "DELETE", f"{DOMAINS}/hospice.example", "oli"))[0] == 404


async def test_reports_of_others_are_summed_up_and_listed(api: PeoplesApi) -> None:
    began = int(api.installation.clock.now()) - A_DAY
    taken = await report_desk(api.installation).take_file(dmarc_xml(began=began), "oli")
    assert taken.kept, taken
    found = (await call(api, "GET", "/v1/reports/dmarc", "vera", domain="trust.example"))[1]
    assert (found["reports"], found["good"], found["bad"], found["claims"]) == (1, 8, 3, 0)
    assert [each["source"] for each in found["sources"]] == ["192.0.2.1", "198.51.100.9"]
    (one,) = (await call(api, "GET", "/v1/reports/dmarc/items", "vera"))[1]["items"]
    assert (one["standing"], one["through"], len(one["rows"])) == ("imported", "oli", 2)
    other = dmarc_xml(report_id="r-2", began=began)
    assert (await report_desk(api.installation).take_file(other, "oli")).kept
    items = "/v1/reports/dmarc/items"
    first = (await call(api, "GET", items, "vera", limit="1"))[1]
    second = (await call(api, "GET", items, "vera", limit="1", after=first["next"]))[1]
    ids = {page["items"][0]["report_id"] for page in (first, second)}
    assert (len(ids), second["next"]) == (2, None)
    assert (await call(api, "GET", items, "vera", after="nonsense"))[1]["code"] == "WM-CURSOR"
    assert (await call(api, "GET", "/v1/reports/tls", "vera"))[1]["reports"] == 0
    assert (await call(api, "GET", "/v1/reports/dmarc", "vera", domain="no domain"))[0] == 422
    assert (await call(api, "GET", "/v1/reports/dmarc", "vera", days="0"))[0] == 422
    assert (await call(api, "GET", "/v1/reports/other", "vera"))[0] == 422


async def test_what_became_of_our_mail_is_counted(api: PeoplesApi) -> None:
    await api.send("a@nhs.net")
    await api.send("a@nhs.net", head=SENSITIVE)
    found = (await call(api, "GET", "/v1/reports/delivery", "vera"))[1]
    assert sum(each["copies"] for each in found["integrations"]) == 2
    assert [(each["domain"], each["copies"]) for each in found["sensitive_destinations"]] == [("nhs.net", 1)]
    assert found["holds"] == {"decided": 0, "median_seconds": None}


async def test_a_list_says_where_it_is_from(api: PeoplesApi) -> None:
    assert (await call(api, "GET", "/v1/lists", "vera"))[1] == {"items": []}
    assert (await call(api, "GET", "/v1/lists/accredited", "vera"))[0] == 404
    entry = AccreditedEntry("hospice.example", "The hospice", "X1", date(2026, 1, 1), date(2027, 1, 1))
    for n in (1, 2):
        version = ListVersion(ACCREDITED, f"November {n}", float(n), "oli", "list.csv", 1)
        api.installation.register.import_accredited([entry], version)
    (shown,) = (await call(api, "GET", "/v1/lists", "vera"))[1]["items"]
    one = (await call(api, "GET", f"/v1/lists/{ACCREDITED}", "vera"))[1]
    assert (shown["version"], one["version"], [each["version"] for each in one["earlier"]]) == (
        "November 2",
        "November 2",
        ["November 1"],
    )
    found = (await call(api, "GET", f"/v1/lists/{ACCREDITED}/entries/Hospice.example", "vera"))[1]
    assert (found["organisation"], found["expires"]) == ("The hospice", "2027-01-01")
    assert (await call(api, "GET", f"/v1/lists/{ACCREDITED}/entries/other.example", "vera"))[0] == 404


async def test_a_webhook_is_made_and_its_secret_changed_in_two_steps(api: PeoplesApi) -> None:
    dev = api.register("dev", Role.DEVELOPER)
    assert dev
    status, made = await call(api, "POST", HOOKS, "dev", {"url": "https://app.example/hook"})
    assert (status, made["secret"].startswith("whsec_")) == (201, True)
    shown = await api.http.get(HOOKS, headers=api.keys["vera"])
    assert "whsec_" not in shown.text
    path = f"{HOOKS}/{made['id']}"
    status, other = await call(api, "POST", f"{path}/secret-rotations", "dev", {"ed25519": True, **WHY})
    assert (status, other["secret"].startswith("whpk_"), other["secrets"]) == (201, True, 2)
    assert (await call(api, "POST", f"{path}/secret-rotations", "dev", WHY))[1]["code"] == "WM-WEBHOOK-ROTATING"
    assert (await call(api, "POST", f"{path}/secret-rotations/finish", "dev", WHY))[1]["secrets"] == 1
    assert (await call(api, "POST", f"{path}/pause", "oli", WHY))[1]["stopped"] == WHY["reason"]
    assert (await call(api, "POST", f"{path}/resume", "oli", WHY))[1]["stopped"] == ""
    assert (await call(api, "POST", f"{path}/remove", "vera", WHY))[0] == 403
    assert (await call(api, "POST", f"{path}/remove", "dev", WHY))[0] == 204
    assert (await call(api, "POST", f"{path}/remove", "dev", WHY))[0] == 404
    assert [actor for actor, _ in api.events("WebhookSecretRotated")] == ["dev", "dev"]


async def test_a_test_says_what_came_of_it(api: PeoplesApi) -> None:
    api.register("dev", Role.DEVELOPER)
    made = (await call(api, "POST", HOOKS, "dev", {"url": "https://127.0.0.1:1/hook"}))[1]
    status, told = await call(api, "POST", f"{HOOKS}/{made['id']}/test", "dev")
    assert (status, told["taken"]) == (200, False)
    assert "whsec_" not in str(told)


@pytest.mark.parametrize(
    "url", ["http://app.example/x", "https://u:p@app.example/x", "https://", "javascript:alert(1)"]
)
async def test_addresses_that_are_not_told(api: PeoplesApi, url: str) -> None:
    api.register("dev", Role.DEVELOPER)
    assert (await call(api, "POST", HOOKS, "dev", {"url": url}))[0] == 422


async def test_a_webhook_belongs_to_its_integration(api: PeoplesApi) -> None:
    api.register("dev", Role.DEVELOPER)
    made = (await call(api, "POST", HOOKS, "dev", {"url": "https://app.example/hook"}))[1]
    for action in ("test", "pause", "remove", "secret-rotations"):
        other = f"/v1/integrations/other/webhook-endpoints/{made['id']}/{action}"
        who = "oli" if action == "pause" else "dev"
        assert (await call(api, "POST", other, who, WHY))[0] == 404
