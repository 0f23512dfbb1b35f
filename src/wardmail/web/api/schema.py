"""What programs send and get, in the words that the documentation shows."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from wardmail.model.arrival import ArrivalState
from wardmail.model.delivery import RecipientState
from wardmail.model.reason import LONGEST_REASON, SHORTEST_REASON, plain_line
from wardmail.model.steering import CONTROLS, LINE_ENDS

_ONE_LINE = rf"^[^{CONTROLS}{LINE_ENDS}]*$"
"""Nothing that any program takes for the end of a line, or obeys."""

MOST_OCTETS = 1024 * 1024
"""Of what the framework reads by itself: it does so before anybody has said who calls."""

SMALL = 64 * 1024
"""Octets of a request that names things and gives a reason."""

Line = Annotated[str, StringConstraints(max_length=2_000, pattern=_ONE_LINE)]
"""One line of text: what stands in a header field."""

AddressText = Annotated[
    str,
    StringConstraints(min_length=3, max_length=320, pattern=_ONE_LINE),
    Field(json_schema_extra={"format": "email"}),
]


MessageId = Annotated[str, StringConstraints(pattern="^[0-9A-Z]{18}$")]

Name = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9-]{1,62}$")]
"""Of an integration, a route, an agreement, a user name."""


def _plain(value: Any) -> Any:
    return plain_line(value) if isinstance(value, str) else value


Reason = Annotated[
    str,
    BeforeValidator(_plain),
    StringConstraints(min_length=SHORTEST_REASON, max_length=LONGEST_REASON),
    Field(description="Why; kept in the audit with the person's name: no patient's name."),
]


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, hide_input_in_errors=True)


class Attachment(Sent):
    filename: Annotated[Line, Field(min_length=1, max_length=255)]
    content_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}$")] = (
        "application/octet-stream"
    )
    content: Annotated[bytes, Field(description="Base64.", json_schema_extra={"format": "base64"})]

    @field_validator("content", mode="before")
    @classmethod
    def _decoded(cls, value: object) -> bytes:
        if not isinstance(value, str):
            raise ValueError("must be base64 text")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("is not base64") from None


class Message(Sent):
    """A message to be sent. Each recipient in `to`, `cc` and `bcc` gets a decision of its own."""

    sender: Annotated[AddressText, Field(alias="from", description="Must be a sender address of the integration.")]
    to: Annotated[list[AddressText], Field(min_length=1, max_length=1_000)]
    cc: Annotated[list[AddressText], Field(max_length=1_000)] = []
    bcc: Annotated[list[AddressText], Field(max_length=1_000)] = []
    reply_to: AddressText | None = None
    subject: Line = ""
    text: Annotated[str, Field(description="The plain text.")] = ""
    html: str | None = None
    attachments: Annotated[list[Attachment], Field(max_length=100)] = []
    classification: Annotated[Line, Field(max_length=100, examples=["official-sensitive"])] = ""
    time_critical: Annotated[bool, Field(description="Somebody's care waits for it.")] = False
    reference: Annotated[
        Line, Field(max_length=200, description="Your own name for it, by which it is found; sent to nobody.")
    ] = ""
    require_tls: Annotated[bool, Field(description="TLS on every hop (RFC 8689).")] = False


class Find(Sent):
    q: Annotated[
        Line,
        Field(
            max_length=320,
            description="An address, an ID or the beginning of one, the application's Message-ID or reference; "
            "for people who may read content, whole words of the subject.",
        ),
    ] = ""
    status: Annotated[RecipientState | None, Field(description="Only copies in this state.")] = None
    after: Annotated[str, Field(pattern="^([0-9A-Z]{18}-[0-9]{1,6})?$", description="`next` of an earlier page.")] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class FindInbound(Sent):
    q: Annotated[
        Line,
        Field(
            max_length=320,
            description="An address, an ID or the beginning of one, its sender's Message-ID, or (for people) its subject.",
        ),
    ] = ""
    status: Annotated[ArrivalState | None, Field(description="Only in this state.")] = None
    integration: Annotated[Line, Field(max_length=63, description="For people; a program sees its own.")] = ""
    after: Annotated[str, Field(pattern="^([0-9A-Z]{18})?$", description="`next` of an earlier page.")] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class Rejection(Sent):
    reason: Annotated[
        str,
        BeforeValidator(_plain),
        StringConstraints(min_length=1, max_length=LONGEST_REASON),
        Field(description="Kept in the audit: no patient's name."),
    ]


class Why(Sent):
    reason: Reason


class FindNamed(Sent):
    after: Annotated[str, Field(pattern="^([a-z][a-z0-9-]{1,62})?$", description="`next` of an earlier page.")] = ""
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class NewRecord(Sent):
    """`record` is a section of a records file (`wardmail export`), as JSON."""

    name: Name
    record: Annotated[dict[str, object], Field(examples=[{"route": "relay", "senders": ["app@trust.example"]}])]
    reason: Reason


class WholeRecord(Sent):
    """What `record` does not say is as in a new one."""

    record: dict[str, object]
    reason: Reason


class Written(BaseModel):
    """`record` is as it is now, or in a dry run as it was; `changes` say what is other, field by field."""

    name: str
    dry_run: bool
    changes: list[dict[str, object]]
    record: dict[str, object] | None


class RecipientDecision(BaseModel):
    """`outcome` is deliver, protect, hold or refuse; `because` says why, one sentence a rule."""

    to: str
    outcome: str
    route: str | None
    because: list[str]


class Decided(BaseModel):
    """`id` is also the queue ID, the same in the SMTP reply, in logs and on pages; absent in a dry run."""

    id: str | None = None
    status: str
    classification: str | None = None
    recipients: list[RecipientDecision]


class Items(BaseModel):
    items: list[dict[str, object]]
    next: str | None = Field(None, description="Give it as `after` for the next page.")


class Event(BaseModel):
    """Thin: the API tells the rest to who may know it."""

    id: int
    type: Annotated[str, Field(examples=["message.delivered"])]
    timestamp: str
    data: dict[str, object]


class Events(BaseModel):
    items: list[Event]
    next: Annotated[int, Field(description="Give it as `after` the next time; as long as it grows there may be more.")]


class Addresses(Sent):
    addresses: Annotated[list[Annotated[str, StringConstraints(max_length=1_000)]], Field(min_length=1, max_length=500)]
    profile: Annotated[str | None, Field(pattern="^(health-and-care|government)$")] = None


class CheckedAddress(BaseModel):
    """`standing` is secure, unknown, not-secure or invalid; unknown is not "no", but not in the normal way."""

    address: str
    domain: str
    standing: str
    profile: str
    reason: str
    source: str
    list_version: str | None
    checked_at: str


class CheckedAddresses(BaseModel):
    items: list[CheckedAddress]
