"""Exchange Web Services as far as a mailbox is collected from: the requests, and what is read out of the answers."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

DISTINGUISHED = frozenset({"archive", "deleteditems", "inbox", "junkemail", "msgfolderroot"})
_ID = re.compile(r"[A-Za-z0-9+/=_-]{1,1024}")
_BACK_OFF = re.compile(r"[0-9]{1,8}")


class BadAnswer(ValueError):
    """Not what the service's documentation says."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one of the things that were asked for; `code` is NoError when it was done."""

    code: str
    content: ElementTree.Element

    @property
    def done(self) -> bool:
        return self.code == "NoError"


@dataclass(frozen=True, slots=True)
class Fault:
    """The whole request was not done. `quiet`: seconds to be left alone, where the service says so."""

    code: str
    quiet: float = 0.0


@dataclass(frozen=True, slots=True)
class Changes:
    """One page: `present` are IDs with sizes, None where none is said; `state` is for the next page or round."""

    present: tuple[tuple[str, int | None], ...]
    left: tuple[str, ...]
    state: str
    last: bool


def envelope(body: str, acting_for: str = "") -> bytes:
    """`acting_for`: the mailbox's address, for an application that logs in by token."""
    acting = (
        f"<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>{escape(acting_for)}"
        "</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>"
        if acting_for
        else ""
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:t="{TYPES}" xmlns:m="{MESSAGES}">'
        f'<s:Header><t:RequestServerVersion Version="Exchange2010_SP2"/>{acting}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def changes_since(folder: str, state: str) -> str:
    """`state` empty: from the beginning."""
    so_far = f"<m:SyncState>{escape(state)}</m:SyncState>" if state else ""
    return (
        "<m:SyncFolderItems><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        '<t:FieldURI FieldURI="item:Size"/></t:AdditionalProperties></m:ItemShape>'
        f"<m:SyncFolderId>{_folder(folder)}</m:SyncFolderId>{so_far}"
        "<m:MaxChangesReturned>512</m:MaxChangesReturned></m:SyncFolderItems>"
    )


def content_of(key: str) -> str:
    return (
        "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent>"
        f"</m:ItemShape>{_items([key])}</m:GetItem>"
    )


def move(keys: Sequence[str], folder: str) -> str:
    return f"<m:MoveItem><m:ToFolderId>{_folder(folder)}</m:ToFolderId>{_items(keys)}</m:MoveItem>"


def delete(keys: Sequence[str]) -> str:
    """Out of every folder; an administrator can still recover it for a while."""
    return f'<m:DeleteItem DeleteType="SoftDelete" SendMeetingCancellations="SendToNone">{_items(keys)}</m:DeleteItem>'


def find_folder(within: str, name: str) -> str:
    return (
        '<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>'
        '<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="folder:DisplayName"/><t:FieldURIOrConstant>'
        f"<t:Constant Value={quoteattr(name)}/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>"
        f"<m:ParentFolderIds>{_folder(within)}</m:ParentFolderIds></m:FindFolder>"
    )


def create_folder(within: str, name: str) -> str:
    return (
        f"<m:CreateFolder><m:ParentFolderId>{_folder(within)}</m:ParentFolderId><m:Folders><t:Folder>"
        f"<t:DisplayName>{escape(name)}</t:DisplayName></t:Folder></m:Folders></m:CreateFolder>"
    )


def read_answer(body: bytes) -> tuple[Told, ...] | Fault:
    """Raises BadAnswer. A document type is refused before anything is parsed: nothing may define an entity."""
    try:
        text = body.decode("utf-8-sig")
        if "<!DOCTYPE" in text.upper():
            raise BadAnswer("a document type")
        root = ElementTree.fromstring(text)  # noqa: S314 (no document type, so no entity and nothing to fetch)
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError) as error:
        raise BadAnswer(type(error).__name__) from None
    inside = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or inside is None:
        raise BadAnswer("no envelope")
    fault = inside.find(f"{{{SOAP}}}Fault")
    if fault is not None:
        return _fault(fault)
    told = inside.findall(f"*/{{{MESSAGES}}}ResponseMessages/*")
    if not told:
        raise BadAnswer("no response message")
    busy = next((each for each in told if _word(each, "ResponseCode") == "ErrorServerBusy"), None)
    return _fault(busy) if busy is not None else tuple(Told(_word(each, "ResponseCode"), each) for each in told)


def read_changes(told: Told) -> Changes:
    """Raises BadAnswer."""
    state = told.content.findtext(f"{{{MESSAGES}}}SyncState")
    last = told.content.findtext(f"{{{MESSAGES}}}IncludesLastItemInRange")
    if not state or last not in {"true", "false"}:
        raise BadAnswer("no state of the folder")
    present: list[tuple[str, int | None]] = []
    left: list[str] = []
    for change in told.content.findall(f"{{{MESSAGES}}}Changes/*"):
        kind = change.tag.rpartition("}")[2]
        key = _id(change.iter(f"{{{TYPES}}}ItemId"))
        if kind == "Delete":
            left.append(key)
        elif kind in {"Create", "Update"}:
            size = next((each.text or "" for each in change.iter(f"{{{TYPES}}}Size")), "")
            present.append((key, int(size) if _BACK_OFF.fullmatch(size) else None))
    return Changes(tuple(present), tuple(left), state, last == "true")


def read_content(told: Told) -> bytes:
    """The message as MIME. Raises BadAnswer."""
    content = next(told.content.iter(f"{{{TYPES}}}MimeContent"), None)
    if content is None or not content.text:
        raise BadAnswer("no content")
    try:
        return base64.b64decode("".join(content.text.split()), validate=True)
    except binascii.Error:
        raise BadAnswer("content that is no base64") from None


def read_folder(told: Told, name: str) -> str | None:
    """The ID of the folder of that name, if it is among those told of."""
    for folder in told.content.iter(f"{{{TYPES}}}Folder"):
        if (folder.findtext(f"{{{TYPES}}}DisplayName") or "").casefold() == name.casefold():
            return _id(folder.iter(f"{{{TYPES}}}FolderId"))
    return None


def _fault(element: ElementTree.Element) -> Fault:
    code = next((each.text or "" for each in element.iter() if each.tag.endswith("}ResponseCode")), "")
    values = {each.get("Name"): each.text or "" for each in element.iter(f"{{{TYPES}}}Value")}
    back_off = values.get("BackOffMilliseconds", "")
    quiet = int(back_off) / 1000 if _BACK_OFF.fullmatch(back_off) else 0.0
    return Fault(code if code.isalpha() and len(code) <= 80 else "", quiet)


def _word(element: ElementTree.Element, name: str) -> str:
    word = element.findtext(f"{{{MESSAGES}}}{name}") or ""
    return word if word.isalnum() and len(word) <= 80 else ""


def _id(elements: Iterator[ElementTree.Element]) -> str:
    key = next((each.get("Id", "") for each in elements), "")
    if not _ID.fullmatch(key):
        raise BadAnswer("a name that is not the service's own")
    return key


def _folder(folder: str) -> str:
    kind = "DistinguishedFolderId" if folder in DISTINGUISHED else "FolderId"
    return f"<t:{kind} Id={quoteattr(folder)}/>"


def _items(keys: Iterable[str]) -> str:
    return "<m:ItemIds>" + "".join(f"<t:ItemId Id={quoteattr(key)}/>" for key in keys) + "</m:ItemIds>"
