"""Stage 4: how sensitive is it? Every sign is read, the highest wins, and what cannot be read counts as sensitive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wardmail.content.fingerprint import sketch
from wardmail.content.identifiers import has_nhs_number, may_hold_nhs_number
from wardmail.content.markings import (
    UnknownMarking,
    mark_in_body,
    mark_in_subject,
    may_hold_marking,
    parse_classification,
)
from wardmail.content.markup import without_tags
from wardmail.content.text import TextParts, Unreadable, readable_text
from wardmail.model.classification import Classification, Mark, Sensitivity
from wardmail.model.integration import Integration
from wardmail.model.refusal import Refusal
from wardmail.model.registration import Signature
from wardmail.protocol.headers import HeaderBlock

FIELD = b"wardmail-classification"


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading the message's content found."""

    marks: tuple[Mark, ...]
    sketch: tuple[int, ...] = ()
    is_read: bool = True
    is_signed: bool = True


UNSIGNED = Refusal(
    550,
    "5.7.1",
    "The text must name its sender, with role and organisation, as this integration's record says",
    "WM-SIGNATURE-MISSING",
)


def read_marks(integration: Integration, block: HeaderBlock, body: Iterable[bytes], *, sketched: bool) -> Reading:
    """Markings and identifiers in the subject and the readable text (SEC-2). Costs time: call it once a message.

    `sketched`: the content is to be compared with other messages' (SEND-4).
    """
    subject = block.subject()
    marks = [_mark(mark_in_subject(subject), "marking in the subject")]
    if integration.detect_nhs_numbers and has_nhs_number(subject):
        marks.append(Mark(Sensitivity.OFFICIAL_SENSITIVE, "NHS number in the subject"))
    signature = integration.registration.signature
    is_wanted = signature.required or signature.added
    worth_reading = _may_matter_with_numbers if integration.detect_nhs_numbers else _may_matter
    text = readable_text(
        content_type=block.get(b"content-type") or b"",
        encoding=block.get(b"content-transfer-encoding") or b"",
        body=body,
        worth_reading=None if is_wanted else worth_reading,
    )
    marks.extend(_marks_in_text(integration, text))
    texts = text.texts if isinstance(text, TextParts) else ()
    keys = sketch(subject, texts) if sketched else ()
    is_signed = not is_wanted or _is_signed(signature, text)
    return Reading(tuple(mark for mark in marks if mark is not None), keys, isinstance(text, TextParts), is_signed)


def classify(integration: Integration, block: HeaderBlock, reading: Reading) -> Classification | Refusal:
    """The highest of: the integration's default, the header field, and what was read. Nothing lowers it."""
    if integration.registration.signature.required and not reading.is_signed:
        return UNSIGNED
    declared = _declared(block)
    if isinstance(declared, Refusal):
        return declared
    default = Mark(integration.default_sensitivity, "the integration's default")
    marks = (default, *declared, *reading.marks)
    return Classification(max(mark.level for mark in marks), marks)


def _is_signed(signature: Signature, text: TextParts | Unreadable) -> bool:
    """SHARE-15. Text that cannot be read at all (it is encrypted) is not said to lack anything."""
    if isinstance(text, Unreadable):
        return True
    words = " ".join(" ".join(text.texts).casefold().split())
    wanted = (signature.name, signature.role, signature.organisation)
    return all(" ".join(each.casefold().split()) in words for each in wanted)


def _may_matter(markup: str) -> bool:
    """Tags may cut a word in pieces, and a letter or an unseen hyphen may be written as an entity: those count as any."""
    return any(entity in markup for entity in ("&#", "&shy", "&zw", "\u00ad")) or may_hold_marking(without_tags(markup))


def _may_matter_with_numbers(markup: str) -> bool:
    return may_hold_nhs_number(markup) or _may_matter(markup)


def _marks_in_text(integration: Integration, text: TextParts | Unreadable) -> Iterable[Mark | None]:
    if isinstance(text, Unreadable):
        return [Mark(Sensitivity.OFFICIAL_SENSITIVE, f"the text could not be read: {text.why}")]
    marks = [_mark(mark_in_body(part), "marking in the text") for part in text.texts]
    if integration.detect_nhs_numbers and any(has_nhs_number(part) for part in text.texts):
        marks.append(Mark(Sensitivity.OFFICIAL_SENSITIVE, "NHS number in the text"))
    if text.unscanned:
        marks.append(Mark(Sensitivity.OFFICIAL_SENSITIVE, f"part of the text was not read: {text.unscanned}"))
    return marks


def _declared(block: HeaderBlock) -> tuple[Mark, ...] | Refusal:
    """A field that we do not understand is refused: guessing a classification is how data leaks."""
    marks = []
    for value in block.get_all(FIELD):
        level = parse_classification(value)
        if isinstance(level, UnknownMarking):
            return Refusal(550, "5.6.0", level.reason, "WM-CLASSIFICATION-UNKNOWN")
        marks.append(Mark(level, "the Wardmail-Classification field"))
    return tuple(marks)


def _mark(level: Sensitivity | None, source: str) -> Mark | None:
    return None if level is None else Mark(level, source)
