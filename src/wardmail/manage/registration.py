"""Reads what people write into an integration's record, field by field; a field knows its words, its form and its limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from wardmail.manage.integrations import BadInput
from wardmail.model.classification import Sensitivity
from wardmail.model.registration import Contact, Direction, Hosting, Recorded, Registration
from wardmail.protocol.address import InvalidAddress, parse_address

LEVELS = {"official": Sensitivity.OFFICIAL, "official-sensitive": Sensitivity.OFFICIAL_SENSITIVE}
LONGEST_REVIEW = 366
"""Days: a record is looked at once a year at the least."""
_LONGEST_TEXT = 2000
_LONGEST_LIST = 50
_CONTACT = re.compile(r"([^<>]{1,100}?)\s*<([^<>]+)>").fullmatch
_COUNTRY = re.compile(r"[A-Za-z]{2}").fullmatch


@dataclass(frozen=True, slots=True)
class Writing:
    """Who writes, and when; references keep both (SEC-3)."""

    by: str
    at: float

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(self.at, UTC).date()


Reader = Callable[[str, Writing], object]


@dataclass(frozen=True, slots=True)
class Field:
    """`name` is the registration's own (`signature.role` for one inside); `option` what a command calls it."""

    name: str
    option: str
    words: str
    hint: str
    read: Reader
    several: bool = False


def _text(text: str, _: Writing) -> object:
    if not all(each.isprintable() or each == "\n" for each in text) or len(text) > _LONGEST_TEXT:
        return BadInput(f"It holds control characters, or more than {_LONGEST_TEXT} characters.")
    return text.strip()


def _line(text: str, writing: Writing) -> object:
    return (
        BadInput("It is one line of up to 200 characters.") if "\n" in text or len(text) > 200 else _text(text, writing)
    )


def _recorded(text: str, writing: Writing) -> object:
    line = _line(text, writing)
    return line if isinstance(line, BadInput) else Recorded(str(line), writing.by, writing.at)


def _contact(text: str, _: Writing) -> object:
    match = _CONTACT(text.strip())
    address = parse_address(match[2].strip()) if match else InvalidAddress("it is not 'Name <address>'")
    if match is None or isinstance(address, InvalidAddress):
        return BadInput(f"{text!r} is no contact: write 'Amina Khan <amina.khan@trust.example>'.")
    name = match[1].strip("\" '")
    return Contact(name, str(address)) if name.isprintable() and name else BadInput("A contact needs a name.")


def _address(text: str, _: Writing) -> object:
    address = parse_address(text)
    return BadInput(f"{text!r}: {address.reason}") if isinstance(address, InvalidAddress) else str(address).lower()


def _link(text: str, writing: Writing) -> object:
    """https alone: a link stands in documents that people click on, and names what they may rely on."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return BadInput(f"{text!r} is no web address.")
    if parts.scheme != "https" or not parts.hostname or parts.username or re.search(r"[\s<>\"']", text.strip()):
        return BadInput(f"{text!r} is no web address that begins with https://.")
    return _line(text, writing)


def _day(text: str, _: Writing) -> object:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return BadInput(f"{text!r} is no date: write 2027-03-31.")


def _review(text: str, writing: Writing) -> object:
    day = _day(text, writing)
    if isinstance(day, date) and not writing.today < day <= writing.today + timedelta(LONGEST_REVIEW):
        return BadInput("A review date lies ahead, and within a year.")
    return day


def _future(text: str, writing: Writing) -> object:
    day = _day(text, writing)
    return BadInput(f"{text} is over already.") if isinstance(day, date) and day <= writing.today else day


def _country(text: str, _: Writing) -> object:
    if not _COUNTRY(text):
        return BadInput(f"{text!r} is no country: write its two letters, as GB.")
    return "GB" if text.upper() == "UK" else text.upper()


def _yes(text: str, _: Writing) -> object:
    answer = {"yes": True, "no": False, "true": True, "false": False}.get(text.strip().lower())
    return BadInput("Say yes or no.") if answer is None else answer


def _one_of(choices: Mapping[str, object]) -> Reader:
    def read(text: str, _: Writing) -> object:
        return choices.get(text, BadInput(f"{text!r} is none of: {', '.join(choices)}."))

    return read


FIELDS: tuple[Field, ...] = (
    Field("purpose", "purpose", "Purpose", "what it is for, in a sentence", _text),
    Field("direction", "direction", "Direction", "send, receive or both", _one_of({d.value: d for d in Direction})),
    Field("handles", "handles", "Handles", "the most sensitive that it sends: official or official-sensitive",
          _one_of(LEVELS)),
    Field("clinical", "clinical", "Clinical", "does anybody's care depend on it? yes or no", _yes),
    Field("owner", "owner", "Owner", "as 'Amina Khan <amina@trust.example>'", _contact),
    Field("deputy", "deputy", "Deputy", "somebody else, written the same way", _contact),
    Field("contacts", "contact", "Other contacts", "who get the notices too, written the same way", _contact, several=True),
    Field("upstream_service", "upstream-service", "Upstream service", "as its owners call it", _line),
    Field("upstream_account", "upstream-account", "Upstream account", "the service account, for it alone", _line),
    Field("hosting", "hosting", "Hosting", "of the upstream service: cloud or on-premises",
          _one_of({h.value: h for h in Hosting})),
    Field("location", "location", "Location", "of the upstream service, two letters, as GB", _country),
    Field("migration_plan", "migration-plan", "Migration plan", "how the on-premises service is left", _text),
    Field("migration_ends", "migration-ends", "Migration ends", "the day by which it is left, as 2027-03-31", _future),
    Field("iams", "iams", "IAMS reference", "needed for OFFICIAL-SENSITIVE", _recorded),
    Field("dpia", "dpia", "DPIA reference", "or the decision that none is needed", _recorded),
    Field("slsp", "slsp", "SLSP reference", "System Level Security Policy", _recorded),
    Field("clinical_safety", "clinical-safety", "Clinical-safety reference", "needed when it is clinical", _recorded),
    Field("application_document", "application-document", "Application's documentation", "https://…", _link),
    Field("upstream_document", "upstream-document", "Upstream's documentation", "https://…", _link),
    Field("cmdb", "cmdb", "CMDB reference", "when the CMDB is kept by hand", _recorded),
    Field("review_date", "review-date", "Review date", "within a year, as 2027-03-31", _review),
    Field("end_date", "end-date", "End date", "the last day on which it is wanted, as 2027-03-31", _future),
    Field("team_recipients", "team-recipient", "Team recipients", "whom its trial may write to", _address, several=True),
    Field("signature.name", "signature-name", "Sender's name", "in whose name people read its mail", _line),
    Field("signature.role", "signature-role", "Sender's role", "", _line),
    Field("signature.organisation", "signature-organisation", "Sender's organisation", "", _line),
    Field("signature.added", "signature-added", "Signature added",
          "yes: name, role and organisation are put under a text that lacks them", _yes),
    Field("signature.required", "signature-required", "Signature required",
          "yes: mail whose text lacks name, role or organisation is refused", _yes),
)  # fmt: skip

BY_OPTION = {each.option: each for each in FIELDS}


def written(record: Registration, wanted: Mapping[str, tuple[str, ...]], writing: Writing) -> Registration | BadInput:
    """The record with these options written into it; an empty text empties a field."""
    for option, texts in wanted.items():
        field = BY_OPTION[option]
        if texts == as_texts(record, field):
            continue  # who recorded a reference first stays, and a date that is over may be said again
        value = _read(field, texts, writing)
        if isinstance(value, BadInput):
            return BadInput(f"{field.words}: {value.reason}")
        record = _with(record, field.name, value)
    return record


def value_of(record: Registration, field: Field) -> object:
    value: object = record
    for part in field.name.split("."):
        value = getattr(value, part)
    return value


def as_texts(record: Registration, field: Field) -> tuple[str, ...]:
    """What would have to be written to get this value; empty when it has not been said."""
    value = value_of(record, field)
    values = value if isinstance(value, tuple) else (value,)
    return tuple(text for each in values if (text := _as_text(each)))


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case Recorded(text=text):
            return text
        case bool():
            return "yes" if value else "no"
        case Sensitivity():
            return next((word for word, level in LEVELS.items() if level is value), value.label.lower())
        case _:
            return str(value)


def _read(field: Field, texts: tuple[str, ...], writing: Writing) -> object:
    if len(texts) > (_LONGEST_LIST if field.several else 1):
        return BadInput("There are too many of them.")
    if not any(text.strip() for text in texts):
        return _empty(field)
    values = [field.read(text, writing) for text in texts]
    wrong = next((each for each in values if isinstance(each, BadInput)), None)
    if wrong is not None:
        return wrong
    return tuple(dict.fromkeys(values)) if field.several else values[0]


def _empty(field: Field) -> object:
    return value_of(Registration(), field)


def _with(record: Registration, name: str, value: object) -> Registration:
    outer, _, inner = name.partition(".")
    if inner:
        value = replace(record.signature, **{inner: value})  # type: ignore[arg-type]
    return replace(record, **{outer: value})  # type: ignore[arg-type]
