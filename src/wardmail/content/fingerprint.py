"""A sketch of a message's words that stays the same when a template is filled in for somebody else (SEND-4).

How it works: words are normalised, so that names, numbers, dates, links and addresses all look alike; each run of
three words is hashed; the smallest hash of each of twelve bins stays (one-permutation minhash), and four keys are made
of three bins each. Two messages share a key with the cube of the share of runs that they have in common: about 0.85
for a letter with one sentence in twenty of its own, 0.1 for different letters whose footer is half of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from zlib import crc32

KEYS = 4
_BINS_OF_ONE_KEY = 3
_BINS = KEYS * _BINS_OF_ONE_KEY
_LONGEST = 3_000
"""Characters that are looked at: the beginning tells templates apart, the end is the footer of them all."""

_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|head)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>|&[#\w]{1,12};")
_WORD = re.compile(r"[^\W_](?:[^\s<>\"(){}\[\],;!?]*[^\W_])?")
_VARYING = re.compile(r"[\d@/:=+%_.]|\w-\w")


def sketch(subject: str, texts: Iterable[str]) -> tuple[int, ...]:
    """Four keys of 32 bits; empty when there are no words at all. Linear in the text, and bounded."""
    text = next((text for text in texts if text.strip()), "")
    if "<" in text:
        # Without its style and its tags, which all letters of one application have in common.
        text = _TAG.sub(" ", _UNSEEN.sub(" ", text[: 8 * _LONGEST]))
    words = _normalised(f"{subject[:400]}\n{text[:_LONGEST]}")
    if not words:
        return ()
    return _keys(_smallest(words))


def _normalised(text: str) -> list[str]:
    """Small letters; what has a capital in mid-sentence, a digit or the look of a link is somebody's own."""
    words: list[str] = []
    ends = True
    for match in _WORD.finditer(text):
        word = match[0]
        own = _VARYING.search(word) is not None or (word[0].isupper() and not ends)
        if not own:
            words.append(word.lower())
        elif not words or words[-1] != "*":
            words.append("*")  # however many of them stand together
        ends = text[match.end() : match.end() + 1] in ".!?:\r\n"
    return words


def _smallest(words: list[str]) -> list[int]:
    bins = [0] * _BINS
    if len(words) < 3:
        words = [*words, "", ""]
    for triple in {" ".join(run) for run in zip(words, words[1:], words[2:], strict=False)}:
        number = crc32(triple.encode())
        # CRC is linear: mixed, so that like words do not get like hashes.
        number = (number * 0x9E3779B1) & 0xFFFFFFFF
        number ^= number >> 15
        place = number % _BINS
        if not bins[place] or number < bins[place]:
            bins[place] = number
    return bins


def _keys(bins: list[int]) -> tuple[int, ...]:
    """An empty bin borrows from the next one that is not, so that short texts have all keys too."""
    twice = [*bins, *bins]
    full = [next(filter(None, twice[place:])) for place in range(_BINS)]
    keys = []
    for n in range(KEYS):
        three = full[n * _BINS_OF_ONE_KEY : (n + 1) * _BINS_OF_ONE_KEY]
        keys.append(crc32(b"%d " % n + b" ".join(b"%d" % each for each in three)))
    return tuple(keys)
