"""What a message can be found by besides addresses and our own ID: its application's names for it, and its subject's words.

A term says what it is before what it says (`word discharge`), so that a word is never taken for a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

from wardmail.protocol.dsn import decode_xtext
from wardmail.protocol.encoded_words import decode_text
from wardmail.protocol.headers import HeaderBlock
from wardmail.protocol.raw_message import split_message

REFERENCE = b"wardmail-reference"
"""The field by which an application names its message; like all control fields it is sent to nobody."""

MOST_WORDS = 24
_LARGEST_HEAD, _MOST_SUBJECTS = 256 * 1024, 3
_LONGEST_SUBJECT = 1000
_LONGEST_WORD = 64
_LONGEST_NAME = 320
_WORD = re.compile(r"[^\W_]+")


def terms_of(block: HeaderBlock, envid: str | None, tags: Collection[str] = ()) -> tuple[str, ...]:
    """Of one message, each once. `tags` are put before its subject on the way out, `envid` is as sent (RFC 3461)."""
    own_id, reference = block.get(b"message-id"), block.get(REFERENCE)
    # Apart from the subject: what policy adds takes the place of none of its sender's words.
    found = _words(" ".join(sorted(tags))) + _words(block.subject())
    if own_id is not None:
        found += _message_id(own_id.decode("utf-8", "replace"))
    if reference is not None:
        found += _reference(decode_text(reference))
    if envid:
        found += _reference(decode_xtext(envid))
    return tuple(dict.fromkeys(found))


def terms_of_letter(octets: bytes) -> tuple[str, ...]:
    """Of a message that somebody else wrote, by its header as it came: no field of it is a reference of ours.

    Of several subjects each counts, within the words of one: programs differ in which they show.
    """
    message = split_message(octets[:_LARGEST_HEAD])
    own_ids = message.all_of(b"message-id")[:1]
    found = _words(" ".join(decode_text(each) for each in message.all_of(b"subject")[:_MOST_SUBJECTS]))
    for each in own_ids:
        found += _message_id(each.decode("utf-8", "replace"))
    return tuple(dict.fromkeys(found))


def alternatives(typed: str, *, by_subject: bool) -> Sequence[tuple[str, ...]]:
    """What somebody may mean by this: a message is found that has all the terms of any one of these.

    What stands between quotation marks is a subject and nothing else. One word with an @ in it is an address or a name.
    """
    text = typed.strip()
    is_quoted = len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES
    found = [] if is_quoted else [_message_id(text), _reference(text)]
    if by_subject and (is_quoted or "@" not in text or len(text.split()) > 1):
        found.append(_words(text))
    return [tuple(each) for each in found if each]


def _words(text: str) -> list[str]:
    words = dict.fromkeys(word[:_LONGEST_WORD] for word in _WORD.findall(_folded(text[:_LONGEST_SUBJECT])))
    return [f"word {word}" for word in list(words)[:MOST_WORDS]]


def _folded(text: str) -> str:
    """Without regard to case, accents and width."""
    if text.isascii():
        return text.lower()
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return plain.casefold()


def _message_id(text: str) -> list[str]:
    """What stands between < and >, or all of it (RFC 5322 section 3.6.4); case counts."""
    _, opened, rest = text.partition("<")
    inner = (rest.partition(">")[0] if opened else text).strip()
    return [f"message-id {inner}"] if 0 < len(inner) <= _LONGEST_NAME else []


def _reference(text: str) -> list[str]:
    """Without regard to case and to how many blanks there are: people read it out and type it."""
    plain = " ".join(text.split()).casefold()
    return [f"reference {plain}"] if 0 < len(plain) <= _LONGEST_NAME else []


_QUOTES = frozenset("\"'“”‘’«»")
