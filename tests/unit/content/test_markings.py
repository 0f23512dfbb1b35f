"""Markings: the forms that people use are found, and ordinary prose is left alone."""

from __future__ import annotations

import time

import pytest

from wardmail.content.markings import UnknownMarking, mark_in_body, mark_in_subject, parse_classification
from wardmail.model.classification import Sensitivity

OS, SECRET, TOP = Sensitivity.OFFICIAL_SENSITIVE, Sensitivity.SECRET, Sensitivity.TOP_SECRET


@pytest.mark.parametrize(
    ("subject", "level"),
    [
        ("OFFICIAL-SENSITIVE: discharge letter", OS),
        ("Discharge letter OFFICIAL-SENSITIVE", OS),
        ("Discharge letter - OFFICIAL SENSITIVE:Personal", OS),
        ("[OFFICIAL-SENSITIVE] letter", OS),
        ("[Official-Sensitive: Personal] letter", OS),
        ("[official sensitive]", OS),
        ("(Official-Sensitive) letter", OS),
        ("*OFFICIAL-SENSITIVE* letter", OS),
        ("OFFICIAL\u2013SENSITIVE letter", OS),
        ("OFFICIAL\u2011SENSITIVE letter", OS),
        ("OFFICIAL_SENSITIVE letter", OS),
        ("UK OFFICIAL-SENSITIVE letter", OS),
        ("RE: OFFICIAL-SENSITIVE-PERSONAL LETTER", OS),
        ("SECRET", SECRET),
        ("SECRET: the plan", SECRET),
        ("The plan - SECRET", SECRET),
        ("The plan (SECRET)", SECRET),
        ("UK SECRET the plan", SECRET),
        ("[secret] the plan", SECRET),
        ("[UK Secret] the plan", SECRET),
        ("RE: SECRET: PLAN", SECRET),
        ("PLAN - SECRET", SECRET),
        ("SECRET UK EYES ONLY", SECRET),
        ("TOP SECRET", TOP),
        ("Fwd: TOP SECRET - the plan", TOP),
        ("[Top Secret] the plan", TOP),
        ("TOP-SECRET the plan", TOP),
        ("OFFICIAL-SENSITIVE annex to a SECRET paper", SECRET),
    ],
)
def test_subject_markings(subject: str, level: Sensitivity) -> None:
    assert mark_in_subject(subject) is level


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "keep it secret",
        "Secret Santa draw",
        "SECRET SANTA DRAW ON FRIDAY",
        "[Secret Santa] your match",
        "[secret-santa] your match",
        "top secret recipe",
        "Top Secret recipe",
        "TOP SECRET RECIPES INSIDE",
        "Victoria's Secret",
        "VICTORIA'S SECRET",
        "THE BEST KEPT SECRET IN TOWN",
        "not official-sensitive",
        "Is this official sensitive?",
        "Company SECRETARY report",
        "Rotate CLIENT_SECRET today",
        "Rotate SECRET_KEY today",
        "[secure] letter",
        "OFFICIAL letter",
        "Official statement: sensitive teeth",
        "UNOFFICIAL-SENSITIVE joke",
        "[Unofficial] list",
    ],
)
def test_ordinary_subjects(subject: str) -> None:
    assert mark_in_subject(subject) is None


PROSE = "Dear colleague,\n\nplease find the letter below.\n" + "More of the letter.\n" * 12


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("OFFICIAL-SENSITIVE", OS),
        ("Official-Sensitive", OS),
        ("> OFFICIAL-SENSITIVE:Personal", OS),
        ("**OFFICIAL SENSITIVE**", OS),
        ("OFFICIAL-SENSITIVE - handle with care", OS),
        ("[official-sensitive:commercial] draft", OS),
        ("Classification: Official-Sensitive", OS),
        ("Protective Marking: OFFICIAL-SENSITIVE", OS),
        ("SECRET", SECRET),
        ("UK SECRET", SECRET),
        ("SECRET UK EYES ONLY", SECRET),
        ("SECRET: the plan", SECRET),
        ("Classification: secret", SECRET),
        ("TOP SECRET", TOP),
        ("TOP SECRET STRAP 1", TOP),
    ],
)
def test_text_markings_at_the_top_and_at_the_foot(line: str, level: Sensitivity) -> None:
    assert mark_in_body(f"{line}\r\n\r\n{PROSE}") is level
    assert mark_in_body(f"\n\n  {line}  \n{PROSE}") is level
    assert mark_in_body(f"{PROSE}\n{line}\n") is level


@pytest.mark.parametrize(
    "line",
    [
        "keep it secret",
        "Secret Santa is on Friday",
        "SECRET SANTA IS ON FRIDAY",
        "SECRET Santa is on Friday",
        "top secret recipe: beat two eggs",
        "Victoria's Secret",
        "this is not official-sensitive",
        "Official sensitive information is handled elsewhere",
        "The word SECRET stands in this sentence",
        "SECRETARY: J. Smith",
        "secret",
        "Official",
    ],
)
def test_ordinary_text(line: str) -> None:
    assert mark_in_body(f"{line}\n{PROSE}") is None
    assert mark_in_body(f"{PROSE}{line}\n") is None


def test_a_marking_in_the_middle_of_a_text_is_prose() -> None:
    assert mark_in_body(f"{PROSE}OFFICIAL-SENSITIVE\n{PROSE}") is None


@pytest.mark.parametrize("piece", ["[", "[OFFICIAL SENSITIVE ", "SECRET ", "* ", "OFFICIAL-", "\n", " ", ">", "UK "])
def test_hostile_text_costs_linear_time(piece: str) -> None:
    started = time.process_time()
    mark_in_subject(piece * 100_000)
    mark_in_body(piece * 100_000)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (b"official", Sensitivity.OFFICIAL),
        (b"OFFICIAL-SENSITIVE", OS),
        (b" official-sensitive : Personal ", OS),
        (b"official-sensitive:commercial", OS),
        (b"secret", SECRET),
        (b"Top-Secret", TOP),
    ],
)
def test_the_classification_field(value: bytes, level: Sensitivity) -> None:
    assert parse_classification(value) is level


@pytest.mark.parametrize(
    "value", [b"", b"public", b"official sensitive", b"official-sensitive:x", b"\xff", b"secret, official"]
)
def test_an_unknown_classification_is_an_error_value(value: bytes) -> None:
    answer = parse_classification(value)
    assert isinstance(answer, UnknownMarking)
    assert "official-sensitive:personal" in answer.reason
