"""Our own domains on pages: looked at when somebody asks, and what was found stays for the next who comes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.web.console_kit import Console, form_token, once_mark, open_console
from wardmail.edges.keys import add_dkim_key
from wardmail.model.person import Role
from wardmail.store import look_limit


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_console(tmp_path) as made:
        for role in Role:
            made.register(role.value, role)
        yield made


async def test_a_domain_is_looked_at_and_what_was_found_stays(console: Console) -> None:
    async with console.visitor("viewer") as http, console.visitor("owner") as other:
        listed = await http.get("/domains")
        assert "/domains/trust.example" in listed.text
        assert "Not looked at" in listed.text
        before = await http.get("/domains/trust.example")
        assert "Nobody has looked yet" in before.text
        assert "rsa._domainkey.trust.example. 3600 IN TXT" in before.text
        token = form_token(before)
        done = await http.post("/domains/trust.example", data={"form_token": token})
        assert done.headers["location"] == "/domains/trust.example"
        seen = (await other.get("/domains/trust.example")).text
        assert "2 look-ups of 10." in seen
        assert "2 keys, published as we sign." in seen
        assert "It only watches" in seen
        assert "ip4:192.0.2.0/24" in seen
        assert "Improve" in (await other.get("/domains")).text


async def test_a_silent_dns_says_nothing_about_the_domain(console: Console) -> None:
    async with console.visitor("viewer") as http:
        token = form_token(await http.get("/domains/team.example"))
        await http.post("/domains/team.example", data={"form_token": token})
        seen = (await http.get("/domains/team.example")).text
    assert "Cannot tell" in seen
    assert "needs fixing" not in seen


async def test_what_is_none_of_ours_is_not_asked_about(console: Console) -> None:
    async with console.visitor("owner") as http:
        assert (await http.get("/domains/else.example")).status_code == 404
        token = form_token(await http.get("/domains/trust.example"))
        assert (await http.post("/domains/else.example", data={"form_token": token})).status_code == 404


async def test_keys_are_made_wait_and_take_over_when_the_dns_shows_them(console: Console) -> None:
    async with console.visitor("mail-operator") as http, console.visitor("viewer") as viewer:
        page = await http.get("/domains/trust.example")
        fields = {"form_token": form_token(page), "do": "make", "known": "2", "once": once_mark(page)}
        keys = "/domains/trust.example/keys"
        answers = await asyncio.gather(*(http.post(keys, data=fields) for _ in range(3)))
        assert sorted(each.status_code for each in answers) == [303, 409, 409], "pressed thrice"
        seen = (await http.get("/domains/trust.example")).text
        waiting = re.findall(r'aria-label="Sign with (\w+)"', seen)
        assert len(waiting) == 2
        assert f"{waiting[0]}._domainkey.trust.example" in seen
        assert "Sign with" not in (await viewer.get("/domains/trust.example")).text
        change = {"form_token": form_token(page), "do": "activate", "selector": waiting[0]}
        assert (await http.post(keys, data=change)).status_code == 303
        shown = (await http.get("/domains/trust.example")).text
        assert shown.count("Signs<") == 2
        assert shown.count("Retired<") == 1
        assert set(re.findall(r'aria-label="Retire (\w+)"', shown)) == {"ed25519", waiting[1]}
        retire = change | {"do": "retire", "selector": "ed25519"}
        question = await http.post(keys, data=retire)
        assert "Retire the key" in question.text
        assert (await http.post(keys, data=retire | {"confirmed": "yes"})).status_code == 303
        refused = await http.post(keys, data=retire | {"selector": waiting[0], "confirmed": "yes"})
        assert refused.status_code == 409
        assert "last key that signs" in refused.text


async def test_only_who_keeps_secrets_changes_keys(console: Console) -> None:
    for role in ("viewer", "developer", "governance", "clinician"):
        async with console.visitor(role) as http:
            page = await http.get("/domains/trust.example")
            assert "Make new keys" not in page.text
            fields = {"form_token": form_token(page), "do": "make", "known": "2"}
            assert (await http.post("/domains/trust.example/keys", data=fields)).status_code == 403


async def test_a_domain_that_sends_nothing_is_put_on_record_and_taken_off(console: Console) -> None:
    async with console.visitor("governance") as http:
        token = form_token(await http.get("/domains"))
        wrong = await http.post("/domains", data={"form_token": token, "domain": "not a domain", "note": "<b>"})
        assert wrong.status_code == 422
        assert "&lt;b&gt;" in wrong.text
        fields = {"form_token": token, "domain": "Parked.example", "note": "was the old trust's"}
        assert (await http.post("/domains", data=fields)).status_code == 303
        assert (await http.post("/domains", data=fields)).status_code == 422
        shown = await http.get("/domains/parked.example")
        assert "was the old trust" in shown.text
        gone = await http.post("/domains/parked.example/remove", data={"form_token": token})
        assert gone.status_code == 303
        assert (await http.get("/domains/parked.example")).status_code == 404
        assert (await http.post("/domains/parked.example/remove", data={"form_token": token})).status_code == 404


async def test_looks_stay_and_what_changed_is_said(console: Console) -> None:
    async with console.visitor("mail-operator") as http:
        token = form_token(await http.get("/domains/trust.example"))
        await http.post("/domains/trust.example", data={"form_token": token})
        console.wait(60)
        add_dkim_key(console.stage.keystore, "trust.example", "unseen", "ed25519-sha256", state="waiting")
        console.hidden.add("rsa._domainkey.trust.example")
        await http.post("/domains/trust.example", data={"form_token": token})
        seen = (await http.get("/domains/trust.example")).text
    assert "DKIM: Good, then Fix" in seen
    assert "Not published as we sign: rsa." in seen


async def test_who_looks_without_end_is_told_to_wait(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_limit, "LOOKS_OF_ONE", 2)
    async with console.visitor("viewer") as http, console.visitor("owner") as other:
        token = form_token(await http.get("/domains/others"))
        for n, status in enumerate((303, 303, 429, 429)):
            look = {"form_token": token, "domain": f"h{n}.example"}
            assert (await http.post("/domains/others", data=look)).status_code == status
        ours = await http.post("/domains/trust.example", data={"form_token": token})
        assert (ours.status_code, "looked at too often" in ours.text) == (429, True)
        look = {"form_token": form_token(await other.get("/domains/others")), "domain": "h9.example"}
        assert (await other.post("/domains/others", data=look)).status_code == 303


async def test_another_organisations_domain_is_looked_at_and_its_evidence_recorded(console: Console) -> None:
    async with console.visitor("governance") as http, console.visitor("viewer") as viewer:
        page = await viewer.get("/domains/others")
        look = {"form_token": form_token(page), "domain": "Hospice.example."}
        assert (await viewer.post("/domains/others", data=look | {"domain": "<b>no domain</b>"})).status_code == 422
        assert (await viewer.get("/domains/others/hospice.example")).status_code == 404
        done = await viewer.post("/domains/others", data=look)
        assert done.headers["location"] == "/domains/others/hospice.example"
        seen = (await viewer.get("/domains/others/hospice.example")).text
        assert "There is no SPF record" in seen
        assert "No key was found under the 16 selectors looked at. That says nothing" in seen
        assert "Record evidence" not in seen
        assert "hospice.example" in (await viewer.get("/domains/others")).text
        ours = await viewer.post("/domains/others", data=look | {"domain": "trust.example"})
        assert ours.headers["location"] == "/domains/trust.example"
        where = "/domains/others/hospice.example"
        fields = {"kind": "iso-27001", "reference": "IS 12345", "until": "2099-01-01"}
        refused = await viewer.post(f"{where}/evidence", data=fields | {"form_token": look["form_token"]})
        assert refused.status_code == 403
        token = {"form_token": form_token(await http.get(where))}
        for wrong in (
            {},
            {"until": "soon"},
            {"kind": "luck"},
            {"until": "2020-01-01"},
            {"until": "2026-12-31", "reference": ""},
        ):
            answer = await http.post(f"{where}/evidence", data=fields | wrong | token)
            assert answer.status_code == 422, wrong
        until = datetime.fromtimestamp(console.stage.clock.at + 30 * 86_400, UTC).date().isoformat()
        assert (await http.post(f"{where}/evidence", data=fields | token | {"until": until})).status_code == 303
        shown = (await http.get(where)).text
        assert "IS 12345" in shown
        assert "In date" in shown
        assert "Ends soon" in (await http.get("/domains/others")).text
        console.wait(40 * 86_400)
    async with console.visitor("viewer") as later:
        assert "Over" in (await later.get("/domains/others")).text
        assert "Over" in (await later.get(where)).text


async def test_a_domain_of_ours_is_not_put_on_record_as_anothers(console: Console) -> None:
    async with console.visitor("mail-operator") as http:
        token = form_token(await http.get("/domains/trust.example"))
        shown = await http.get("/domains/others/trust.example")
        assert shown.headers["location"] == "/domains/trust.example"
        fields = {"form_token": token, "kind": "dspt", "reference": "A1", "until": "2027-03-31"}
        done = await http.post("/domains/others/trust.example/evidence", data=fields)
        assert done.headers["location"] == "/domains/trust.example"
        assert "Take it off the record" not in (await http.get("/domains/trust.example")).text


async def test_a_selector_that_somebody_names_is_looked_at_and_remembered(console: Console) -> None:
    where = "/domains/others/hospice.example"
    async with console.visitor("viewer") as http:
        token = {"form_token": form_token(await http.get("/domains/others"))}
        await http.post("/domains/others", data=token | {"domain": "hospice.example", "selectors": "<b>"})
        wrong = await http.post(where, data=token | {"selectors": "selector1, <b>two</b>"})
        assert wrong.status_code == 422
        assert "Write up to 10 selectors" in wrong.text
        assert 'value="selector1, &lt;b&gt;two&lt;/b&gt;"' in wrong.text
        assert "DKIM key theirs" not in wrong.text
        assert (await http.post(where, data=token | {"selectors": "none THEIRS;"})).status_code == 303
        seen = (await http.get(where)).text
        assert "Key found under theirs." in seen
        assert "Ed25519 of 256 bits." in seen
        console.wait(60)
        await http.post(where, data=token)
        again = (await http.get(where)).text
    assert "DKIM key theirs" in again
    assert "No key was found" not in again.partition("History")[0]
