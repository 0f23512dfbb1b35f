"""Authentication-Results: ours is written safely, forged ones are taken out, a trusted hop's are read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wardmail.model.sender import (
    Acceptable,
    ArcEvidence,
    AuthResult,
    DkimEvidence,
    DmarcEvidence,
    DmarcPolicy,
    SenderEvidence,
    Sending,
    SpfEvidence,
)  # fmt: skip
from wardmail.protocol.authres import (
    EXCHANGE_ONLINE,
    FIELD,
    MOST_FIELDS,
    MethodResult,
    of_hop,
    read_results,
    without_ours,
)
from wardmail.protocol.authres_writing import results_field

OURS = "mx.trust.example"
PASS, FAIL, NONE = AuthResult.PASS, AuthResult.FAIL, AuthResult.NONE
EVIDENCE = SenderEvidence(
    SpfEvidence(PASS, "x.example", "mailfrom", "ok"),
    (DkimEvidence(PASS, "x.example", "s1", "@x.example", "2048-bit key", "rsa-sha256"),),
    ArcEvidence(NONE, (), ""),
    DmarcEvidence(PASS, "x.example", "x.example", DmarcPolicy.REJECT, DmarcPolicy.NONE, "ok"),
    PASS,
    "mail.x.example",
    ("a@x.example",),
    Acceptable.YES,
    ("ok",),
)


def field(value: bytes, name: bytes = b"Authentication-Results") -> tuple[bytes, bytes]:
    return name.lower(), name + b": " + value + b"\r\n"


@pytest.mark.parametrize(
    "value",
    [
        b"mx.trust.example; spf=pass",
        b"MX.Trust.Example; spf=pass",
        b"mx.trust.example 1; spf=pass",
        b"mx.trust.example/1; spf=pass",
        b"\r\n mx.trust.example\r\n ; spf=pass",
        b"(comment) mx.trust.example (more (nested)); spf=pass",
        b"(\\)) mx.trust.example; spf=pass",
        b'"mx.trust.example"; spf=pass',
        b'"mx\\.trust.exam\\ple"; spf=pass',
        b"mx.trust(x).example; spf=pass",
        b"mx.trust.example.; none",
        b"mx.trust.example",
        b"(never closed mx.trust.example; spf=pass",
        b'"never closed; spf=pass',
        b"(" * 20_000,
        b"x " * 50 + b"; spf=pass",
        b'x; "' + b'\\"' * 5000,
        "mx.trust.example".replace("mx", "MX").encode() + b";\tspf=pass",
    ],
)
def test_what_bears_our_name_or_might_is_taken_out(value: bytes) -> None:
    others = [field(b"other.example; spf=pass"), field(b"mx.trust.example", b"X-Other")]
    assert list(without_ours([others[0], field(value), others[1]], OURS)) == others


@pytest.mark.parametrize(
    "value",
    [b"notmx.trust.example; spf=pass", b"mx.trust.example.org; spf=pass", b'other.example; x="mx.trust.example"'],
)
def test_others_stay(value: bytes) -> None:
    assert without_ours([field(value)], OURS) == (field(value),)


def test_nobody_needs_so_many_fields() -> None:
    assert len(without_ours([field(b"other.example; spf=pass")] * 1000, OURS)) == MOST_FIELDS
    late = [*[field(b"other.example; none")] * MOST_FIELDS, field(b"hop.example; spf=pass")]
    assert of_hop(late, "hop.example") is None


def test_a_signature_that_leaves_octets_out_is_no_pass_to_others() -> None:
    limited = replace(EVIDENCE.dkim[0], whole_body=False, reason="l= leaves 5 octets of the body unsigned")
    written = results_field(OURS, replace(EVIDENCE, dkim=(limited,)), Sending())
    assert b"dkim=policy reason=" in written


def test_an_internationalised_name_is_ours_in_either_form() -> None:
    assert without_ours([field("mx.bücher.example; none".encode())], "mx.xn--bcher-kva.example") == ()
    assert without_ours([field(b"mx.xn--bcher-kva.example; none")], "mx.bücher.example") == ()


def test_reading() -> None:
    value = (
        b'hop.example 1; spf=pass (good (very)) smtp.mailfrom=a=b@x.example; dkim=FAIL reason="a; \\"b\\"" header.d=x.example'
        b" header.d=second; dmarc/1 = pass header . from=x; iprev=pass"
    )
    read = read_results(value)
    assert read is not None
    assert read.server == "hop.example"
    assert read.results[:2] == (
        MethodResult("spf", "pass", {"smtp.mailfrom": "a=b@x.example"}),
        MethodResult("dkim", "fail", {"reason": 'a; "b"', "header.d": "x.example"}),
    )
    assert [(each.method, each.result) for each in read.results[2:]] == [("dmarc", "pass"), ("iprev", "pass")]
    assert read_results(b"hop.example; none") is not None
    assert read_results(b"") is None
    assert read_results(b";" * 200) is None


def test_only_the_topmost_of_a_hop_count() -> None:
    fields = [
        (b"received", b"Received: x\r\n"),
        field(b"other.example; spf=fail"),
        field(b"hop.example; dkim=fail header.d=x.example"),
        field(b"Hop.Example; spf=pass smtp.mailfrom=x.example"),
        (b"received", b"Received: y\r\n"),
        field(b"hop.example; dkim=pass header.d=forged.example"),
    ]
    read = of_hop(fields, "hop.example")
    assert read is not None
    assert [(each.method, each.result) for each in read.results] == [("dkim", "fail"), ("spf", "pass")]
    assert of_hop(fields, "absent.example") is None


def test_exchange_online_writes_no_name() -> None:
    value = b"spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=x.example; dmarc=pass action=none\r\n header.from=x.example"
    read = of_hop([field(value)], EXCHANGE_ONLINE)
    assert read is not None
    assert [each.method for each in read.results] == ["spf", "dmarc"]
    assert of_hop([field(value)], "hop.example") is None


def test_ours_is_written_as_others_read_it() -> None:
    written = results_field(OURS, EVIDENCE, Sending("192.0.2.1", "h", "a@x.example"))
    read = read_results(written.partition(b":")[2].replace(b"\r\n", b""))
    assert read is not None
    assert read.server == OURS
    assert {each.method: each.result for each in read.results} == {
        "spf": "pass",
        "dkim": "pass",
        "dmarc": "pass",
        "iprev": "pass",
    }
    by_method = {each.method: each.properties for each in read.results}
    assert by_method["dkim"] == {"header.d": "x.example", "header.s": "s1", "header.a": "rsa-sha256"}
    assert by_method["dmarc"] == {"header.from": "x.example"}


def test_nothing_that_a_sender_wrote_gets_out_of_its_quotes() -> None:
    evil = 'x"; dmarc=pass header.from=nhs.net\r\nX-Injected: y (\\'
    signature = DkimEvidence(FAIL, evil, evil, evil, evil, evil)
    spoiled = replace(EVIDENCE, spf=SpfEvidence(FAIL, evil, "helo", evil), dkim=(signature,) * 50)
    written = results_field(OURS, spoiled, Sending("192.0.2.1", evil, evil))
    assert b"\r\nX-Injected" not in written
    read = read_results(written.partition(b":")[2].replace(b"\r\n", b""))
    assert read is not None
    assert [each.method for each in read.results] == ["spf", *["dkim"] * 10, "dmarc", "iprev"]


def test_nothing_to_say() -> None:
    silent = SenderEvidence(
        SpfEvidence(NONE, "", "mailfrom", ""), (), ArcEvidence(NONE, (), ""),
        DmarcEvidence(AuthResult.PERMERROR, "", "", DmarcPolicy.NONE, DmarcPolicy.NONE, ""), NONE, "", (), Acceptable.NO, (),
    )  # fmt: skip
    assert (
        results_field(OURS, silent, Sending())
        == b"Authentication-Results: mx.trust.example; dkim=none; dmarc=permerror\r\n"
    )
    with pytest.raises(ValueError, match="host name"):
        results_field("x; spf=pass", silent, Sending())


def test_the_name_of_the_field_is_in_lower_case() -> None:
    assert FIELD == b"authentication-results"
