"""The sentences in which a history is told: no names of the program, and nothing left empty."""

from __future__ import annotations

from wardmail.manage.history_words import sentence

ACCEPTED = {"marks": [], "tls": "", "user": "wardmail", "peer": "", "sensitivity": "OFFICIAL"}
ATTEMPT = {"n": 0, "tls": ["NONE", "NONE", "", ""], "proof": "", "host": "", "outcome": "HandedOn", "seconds": 0.1}


def test_what_the_gateway_sent_itself_has_no_peer() -> None:
    assert sentence("MessageAccepted", "", ACCEPTED).startswith("Accepted from wardmail; OFFICIAL")
    assert "wardmail at 10.0.0.1;" in sentence("MessageAccepted", "", ACCEPTED | {"peer": "10.0.0.1"})


def test_outcomes_and_events_are_words() -> None:
    told = sentence("AttemptMade", "", ATTEMPT | {"reply": "250 queued"})
    assert told == "To recipient 0: handed on after 0.1 s: 250 queued [no TLS]"
    named = sentence("AttemptMade", "", ATTEMPT | {"reply": "250 queued"}, {0: "gp@nhs.net", 1: "ward@nhs.net"})
    assert named == "To gp@nhs.net: handed on after 0.1 s: 250 queued [no TLS]"
    assert sentence("AuditHeadSigned", "amina", {}) == "Audit head signed by amina"
