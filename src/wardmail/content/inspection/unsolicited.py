"""Adds up small signs of unsolicited mail in its header and words; a scanner made for that knows far more of them."""

from __future__ import annotations

import re

from wardmail.content.mime.fields import Head
from wardmail.content.mime.words import shown

_PHRASES = {
    4: (
        "bulk e-mail|bulk email|for only $|future mailings"
        "|money back|mortgage|no obligation|our mailing list|refinanc"
        "|to be removed|receive this offer|visit our web"
        "|remove yourself|never want to receive"
    ),
    3: (
        "100% free|act now|as seen on|cartridge|click below|click on the link|dear sir|financial freedom|herbal|life insurance"
        "|lose weight|lowest rate|million email|mlm|one time mailing"
        "|only $|opt-in|order now|per month|removed from|wish to receive"
        "|remove in the subject|with remove|crypto giveaway|double your bitcoin|male enhancement"
    ),
    2: (
        "$$$|absolutely free|adult|business opportunity|cannot be considered spam|casino|click here|debt|e-mail marketing"
        "|guarantee"
        "|hardcore|hgh|income|insurance|internet marketing|limited time|prescription|promotion|remove me|reply to this|risk free"
        "|save up to|special offer|subject line|toll free|toner|warranty|work from home|free trial|weight loss"
    ),
    1: (
        "approval|cash|congratulations|credit card|diploma|e-mail addresses|email addresses|investment|make money|opt out|penis"
        "|satisfaction|search engine|viagra|unsubscribe here"
    ),
}
_POINTS = tuple((phrase, points) for points, phrases in _PHRASES.items() for phrase in phrases.split("|"))
_TEST = "xjs*c4jdbqadn1.nsbn3*2idnen*" + "gtube-standard-anti-ube-test-email*c.34x"
_TAIL = re.compile(r"\s{6,}\S{1,40}$")
_CAPITALS = re.compile(r"[A-Z]{4}")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,253}")
_DIGITS = re.compile(r"\d{3,}[^@]{0,64}@")
_DATE = re.compile(
    r"\s*(?:[A-Za-z]{3},?\s+)?\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s+\d\d?:\d\d(?::\d\d)?\s+(?:[+-]\d{4}|[A-Z]{2,4})"
)
_FREE = re.compile(r"@(?:hotmail|yahoo|msn|aol|excite)\.", re.IGNORECASE)

_MANY, _MORE, _MOST = 8, 14, 20


def signs_of_unsolicited(head: Head, words: str, kinds: frozenset[str]) -> str:
    """The ID of a finding, or nothing. `words` in lower case, blanks made one; `kinds` the declared types of the texts."""
    if _TEST in words:
        return "unsolicited-test"
    points = sum([count for phrase, count in _POINTS if phrase in words]) + _of_header(head)
    points += 2 * (kinds == {"text/html"})
    if points < _MANY:
        return ""
    return "unsolicited-surely" if points >= _MOST else "unsolicited-likely" if points >= _MORE else "unsolicited"


def _of_header(head: Head) -> int:
    subject, author, to = (shown(head.first(name)) for name in ("subject", "from", "to"))
    date = head.first("date").decode("latin-1")
    authors, recipients = _ADDRESS.findall(author.lower()), _ADDRESS.findall(to.lower())
    signs = (
        (4, _TAIL.search(subject)),
        (4, len(subject) > 8 and subject.isupper() and _CAPITALS.search(subject)),
        (4, head.first("x-priority").strip()[:1] == b"1"),
        (4, date and not _DATE.match(date)),
        (3, "$" in subject),
        (3, subject.lower().lstrip().startswith(("adv:", "adv ", "adv-"))),
        (3, "undisclosed" in to.lower() or "friend" in to.lower()),
        (2, not head.first("subject").isascii()),
        (1, "!" in subject),
        (1, "free" in subject.lower()),
        (1, _FREE.search(author)),
        (1, _DIGITS.search(author)),
        (1, authors and recipients and authors[-1] == recipients[0]),
    )
    return sum([count for count, is_so in signs if is_so])
