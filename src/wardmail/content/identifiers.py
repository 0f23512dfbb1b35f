"""Finds NHS numbers in text: check digit, spacing and the words around decide, so that other numbers stay numbers.

| written                     | counts when                                                                  |
|-----------------------------|------------------------------------------------------------------------------|
| 943 476 5919 (any blank)    | the check digit is right and no further digits stand beside it               |
| 943-476-5919, 9434765919    | besides, a word of care (NHS, patient, DOB, hospital…) stands near           |
| any of them                 | never right behind a label of another number (order, invoice, tel, account…) |

One random ten-digit number in eleven has a right check digit; hence the need for words. Digits must be ASCII.
"""

from __future__ import annotations

import re

_BLANK = " \u00a0\u2007\u2009\u202f"
# The digits come first and look back over themselves: a search that starts with a digit skips all else quickly.
_CANDIDATE = re.compile(
    rf"([0-9][0-9][0-9])(?<![0-9A-Za-z+]...)(?<![0-9][.,]...)([-{_BLANK}]?)([0-9]{{3}})\2([0-9]{{4}})(?![0-9A-Za-z]|[.,][0-9])"
)
_DIGITS_BESIDE_BEFORE = re.compile(rf"[0-9][-{_BLANK}]$")
_DIGITS_BESIDE_AFTER = re.compile(rf"[-{_BLANK}][0-9]")
_CARE = re.compile(
    r"\b(?:nhs|patients?|d\.?o\.?b\b|date of birth|born|hospital|clinic|ward|gp|surgery|referral|discharged?|admission|"
    r"admitted|mrn|chi)(?![a-z])",
    re.IGNORECASE,
)
_OTHER_LABEL = re.compile(
    r"\b(?:order|invoice|account|acct|a/c|booking|parcel|tracking|isbn|serial|phone|telephone|tel|mobile|mob|fax|ext|"
    r"call|ticket|job|po|purchase|quote|policy|licence|vat|utr|company|charity)\b"
    rf"[\s.:#=({_BLANK}-]*(?:(?:number|no|num|nr|ref|reference|id|is)\b[\s.:#=({_BLANK}-]*){{0,2}}$",
    re.IGNORECASE,
)
_WINDOW = 60
_LABEL_WINDOW = 32
_WEIGHTS = (10, 9, 8, 7, 6, 5, 4, 3, 2)


def is_nhs_number(digits: str) -> bool:
    """The check of the NHS Data Dictionary on ten ASCII digits: a remainder that asks for 10 makes the number invalid.

    Runs that nobody was given (all digits equal, 0123456789) pass the arithmetic and are still refused.
    """
    if len(set(digits)) == 1 or digits == "0123456789":
        return False
    remainder = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False)) % 11
    return (11 - remainder) % 11 == int(digits[9])


def may_hold_nhs_number(text: str) -> bool:
    """A quick No for text with fewer than ten digits in all."""
    return sum(map(text.count, "0123456789")) >= 10


def has_nhs_number(text: str, longest: int = 1024 * 1024) -> bool:
    """Whether the first `longest` characters hold an NHS number."""
    return any(
        is_nhs_number(match[1] + match[3] + match[4]) and _reads_like_one(text, match)
        for match in _CANDIDATE.finditer(text, 0, longest)
    )


def _reads_like_one(text: str, match: re.Match[str]) -> bool:
    start, end = match.span()
    before = text[max(0, start - _WINDOW) : start]
    if _OTHER_LABEL.search(before[-_LABEL_WINDOW:]):
        return False
    blank_spaced = match[2] != "" and match[2] in _BLANK
    stands_alone = not _DIGITS_BESIDE_BEFORE.search(before) and not _DIGITS_BESIDE_AFTER.match(text, end)
    if blank_spaced and stands_alone:
        return True
    return bool(_CARE.search(before) or _CARE.search(text[end : end + _WINDOW]))
