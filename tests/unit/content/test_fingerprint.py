"""Letters of one template share a sketch; letters that only look alike at their foot do not."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from wardmail.content.fingerprint import KEYS, sketch

CHANCE = random.Random(7)
FIRST = [
    "Anna",
    "Ben",
    "Carla",
    "David",
    "Erin",
    "Farid",
    "Grace",
    "Hamza",
    "Isla",
    "Jack",
    "Kofi",
    "Lena",
    "Mina",
    "Noah",
    "Priya",
    "Rosa",
]
LAST = [
    "Smith",
    "Jones",
    "Khan",
    "Patel",
    "O'Neill",
    "Brown-Lee",
    "Garcia",
    "Novak",
    "Wood",
    "Price",
    "Hughes",
    "Okafor",
    "Evans",
]
WRITTEN_DOWN = (72631972, 3837523511, 449133353, 2504260023)
CLINICS = ["the Eye Clinic", "Outpatients B", "the fracture clinic on level two", "Audiology"]
WORDS = ["".join(CHANCE.choices("abcdefghijklmnopqrstuvwxyz", k=CHANCE.randint(2, 9))) for _ in range(3000)]
FOOT = (
    "\n\nThis message is confidential. If you are not the person it is meant for, please delete it and tell the\n"
    "sender at once. Think before you print.\nThe Trust, 1 High Street, Town.\n"
)


def appointment() -> tuple[str, str]:
    return f"Your appointment on {CHANCE.randint(1, 28)} March", (
        f"Dear {CHANCE.choice(['Mr', 'Ms', 'Dr'])} {CHANCE.choice(FIRST)} {CHANCE.choice(LAST)},\n\n"
        f"We have booked an appointment for you at {CHANCE.choice(CLINICS)} with Dr {CHANCE.choice(LAST)}\n"
        f"on {CHANCE.choice(['Monday', 'Friday'])} {CHANCE.randint(1, 28)} March 2026 at {CHANCE.randint(8, 17)}:30.\n"
        "Please arrive ten minutes early and bring a list of the medicines that you take. If you cannot come,\n"
        f"please tell us as soon as you can on 0{CHANCE.randint(10**8, 10**9)} so that we can offer the time\n"
        f"to somebody else. Your reference is {CHANCE.randint(10**6, 10**7)}.\n"
        f"To stop these messages: https://trust.example/u/{CHANCE.getrandbits(64):x}\n" + FOOT
    )


def as_html() -> tuple[str, str]:
    subject, text = appointment()
    return subject, f"<html><head><style>p {{}}</style></head><p>{text.replace(chr(10), '<br>')}</p></html>"


def code() -> tuple[str, str]:
    return "Your code", f"Hello {CHANCE.choice(FIRST)},\n\nyour code is {CHANCE.randint(1000, 999_999)}.\n"


def with_a_remark() -> tuple[str, str]:
    subject, text = appointment()
    return subject, f"{text}\n{' '.join(CHANCE.choices(WORDS, k=12))}."


def own_words(count: int) -> tuple[str, str]:
    return "Report", f"Dear Doctor,\n\n{' '.join(CHANCE.choices(WORDS, k=count))}.{FOOT}"


def share_found(make: Callable[[], tuple[str, str]], letters: int = 400) -> float:
    """How much of the letters the most common key holds together."""
    sketches = [sketch(subject, [text]) for subject, text in (make() for _ in range(letters))]
    assert all(len(keys) == KEYS for keys in sketches)
    return max(Counter(key for keys in sketches for key in keys).values()) / letters


def test_letters_of_one_template_are_recognised() -> None:
    assert share_found(appointment) > 0.95
    assert share_found(as_html) > 0.95
    assert share_found(code) > 0.95


def test_a_sentence_of_ones_own_does_not_hide_the_template() -> None:
    assert share_found(with_a_remark) > 0.6


def test_different_letters_with_one_footer_are_not_alike() -> None:
    assert share_found(lambda: own_words(60)) < 0.3
    assert share_found(lambda: own_words(150)) < 0.1


def test_two_templates_of_one_application_are_told_apart() -> None:
    booked = set(sketch("Your appointment", [appointment()[1]]))
    results = sketch("Your results", ["Your results are ready. Log in to see them, or ask at your surgery." + FOOT])
    assert booked.isdisjoint(results)


def test_the_same_in_every_process() -> None:
    assert sketch("Your code", ["Hello Anna, your code is 1234."]) == sketch(
        "Your code", ["Hello Ben, your code is 9."]
    )
    assert sketch("Hello", ["one two three four"]) == WRITTEN_DOWN


def test_no_words_no_sketch() -> None:
    assert sketch("", []) == ()
    assert sketch("", ["", "  \r\n"]) == ()
    assert sketch("?!", ["<p></p>"]) == ()


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.lists(st.text(max_size=2000), max_size=3))
def test_anything_can_be_sketched(subject: str, texts: list[str]) -> None:
    keys = sketch(subject, texts)
    assert len(keys) in (0, KEYS)
    assert all(0 <= key < 2**32 for key in keys)
