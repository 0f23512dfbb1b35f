"""Exchange Web Services as their documentation describes them, for one mailbox: sync, MIME content, move, delete, folders.

* a move gives an item a new ID; a meeting request is no `Message`; a read flag that changes is a change too;
* a page has as many changes as it likes; a state may be forgotten (`ErrorInvalidSyncStateData`);
* a busy server says so in a SOAP fault with `BackOffMilliseconds`, by status 500;
* an application with a token must say whom it acts for.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.journeys.peers.https_server import HttpReply, HttpRequest

T = "{http://schemas.microsoft.com/exchange/services/2006/types}"
M = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
_SPACES = (
    'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
)


@dataclass
class Item:
    content: bytes
    folder: str
    id: str
    kind: str = "Message"


@dataclass
class Exchange:
    """`misbehave` gets each request first; None: answer as documented. `page` changes are told at a time."""

    user: str = "letters@trust.example"
    password: str = "s3cret-4711"
    folders: dict[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    log: list[tuple[str, str, str]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    misbehave: Callable[[str], HttpReply | None] = lambda request: None
    tokens: set[str] = field(default_factory=set)
    forgotten: bool = False
    page: int = 512

    def deliver(self, content: bytes, folder: str = "inbox", kind: str = "Message") -> Item:
        item = Item(content, folder, f"AAMk{uuid.uuid4().hex}=", kind)
        self.items.append(item)
        self.log.append(("Create", folder, item.id))
        return item

    def contents(self, folder: str) -> list[bytes]:
        ids = {folder, *(key for key, name in self.folders.items() if name == folder)}
        return [item.content for item in self.items if item.folder in ids]

    def answer(self, request: HttpRequest) -> HttpReply:
        if request.target == "/token":
            self.tokens.add(token := uuid.uuid4().hex)
            return HttpReply(200, b'{"access_token": "%s", "expires_in": 3599}' % token.encode())
        root = ElementTree.fromstring(request.body)
        acting = root.findtext(f".//{T}PrimarySmtpAddress")
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        by_password = scheme == "Basic" and base64.b64decode(value).decode() == f"{self.user}:{self.password}"
        if not by_password and not (scheme == "Bearer" and value in self.tokens):
            return HttpReply(401, b"", {"WWW-Authenticate": "Basic"})
        if not by_password and acting != self.user:
            return fault("ErrorImpersonateUserDenied")
        body = root.find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
        assert body is not None
        asked = body[0]
        name = asked.tag.removeprefix(M)
        self.requests.append(name)
        wrong = self.misbehave(name)
        return wrong if wrong is not None else _soap(name, getattr(self, f"_{name}")(asked))

    def _SyncFolderItems(self, asked: ElementTree.Element) -> list[str]:
        folder, state = _folder_in(asked, "SyncFolderId"), asked.findtext(f"{M}SyncState") or "0"
        if self.forgotten and state != "0":
            self.forgotten = False
            return [_error("SyncFolderItems", "ErrorInvalidSyncStateData")]
        start = int(state)
        changes, end = self.log[start : start + self.page], min(len(self.log), start + self.page)
        rows = "".join(self._change(*change) for change in changes if change[1] == folder)
        last = "true" if end == len(self.log) else "false"
        inside = f"<m:SyncState>{end}</m:SyncState><m:IncludesLastItemInRange>{last}</m:IncludesLastItemInRange>"
        return [_done("SyncFolderItems", f"{inside}<m:Changes>{rows}</m:Changes>")]

    def _change(self, kind: str, _folder: str, key: str) -> str:
        if kind in {"Delete", "ReadFlagChange"}:
            return f'<t:{kind}><t:ItemId Id="{key}" ChangeKey="CQ"/><t:IsRead>true</t:IsRead></t:{kind}>'
        item = next((each for each in self.items if each.id == key), None)
        size, name = (len(item.content), item.kind) if item else (1, "Message")
        inside = f'<t:ItemId Id="{key}" ChangeKey="CQ"/><t:Size>{size}</t:Size>'
        return f"<t:{kind}><t:{name}>{inside}</t:{name}></t:{kind}>"

    def _GetItem(self, asked: ElementTree.Element) -> list[str]:
        told = []
        for item in self._asked_for(asked):
            if item is None:
                told.append(_error("GetItem", "ErrorItemNotFound"))
                continue
            content = base64.encodebytes(item.content).decode()
            inside = f'<t:MimeContent CharacterSet="UTF-8">{content}</t:MimeContent><t:ItemId Id="{item.id}"/>'
            told.append(_done("GetItem", f"<m:Items><t:{item.kind}>{inside}</t:{item.kind}></m:Items>"))
        return told

    def _MoveItem(self, asked: ElementTree.Element) -> list[str]:
        folder, told = _folder_in(asked, "ToFolderId"), []
        for item in self._asked_for(asked):
            if item is None:
                told.append(_error("MoveItem", "ErrorItemNotFound"))
                continue
            self.log.append(("Delete", item.folder, item.id))
            item.folder, item.id = folder, f"AAMk{uuid.uuid4().hex}="
            self.log.append(("Create", folder, item.id))
            told.append(_done("MoveItem", f'<m:Items><t:Message><t:ItemId Id="{item.id}"/></t:Message></m:Items>'))
        return told

    def _DeleteItem(self, asked: ElementTree.Element) -> list[str]:
        told = []
        for item in self._asked_for(asked):
            if item is not None:
                self.items.remove(item)
                self.log.append(("Delete", item.folder, item.id))
            told.append(_done("DeleteItem", "") if item else _error("DeleteItem", "ErrorItemNotFound"))
        return told

    def _FindFolder(self, asked: ElementTree.Element) -> list[str]:
        wanted = next(asked.iter(f"{T}Constant")).get("Value")
        rows = "".join(
            f'<t:Folder><t:FolderId Id="{key}"/><t:DisplayName>{escape(name)}</t:DisplayName></t:Folder>'
            for key, name in self.folders.items()
            if name == wanted
        )
        inside = f'<m:RootFolder TotalItemsInView="1"><t:Folders>{rows}</t:Folders></m:RootFolder>'
        return [_done("FindFolder", inside)]

    def _CreateFolder(self, asked: ElementTree.Element) -> list[str]:
        name = next(asked.iter(f"{T}DisplayName")).text or ""
        if name in self.folders.values():
            return [_error("CreateFolder", "ErrorFolderExists")]
        self.folders[key := f"AQMk{uuid.uuid4().hex}="] = name
        return [_done("CreateFolder", f'<m:Folders><t:Folder><t:FolderId Id="{key}"/></t:Folder></m:Folders>')]

    def _asked_for(self, asked: ElementTree.Element) -> list[Item | None]:
        keys = [each.get("Id") for each in asked.iter(f"{T}ItemId")]
        return [next((item for item in self.items if item.id == key), None) for key in keys]


def fault(code: str, back_off: int | None = None) -> HttpReply:
    """As Exchange says that it does not do a whole request."""
    pause = f'<t:MessageXml><t:Value Name="BackOffMilliseconds">{back_off}</t:Value></t:MessageXml>' if back_off else ""
    body = (
        f"<s:Envelope {_SPACES}><s:Body><s:Fault><faultcode>a:{code}</faultcode><faultstring>words</faultstring><detail>"
        f'<e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">{code}</e:ResponseCode>'
        f"{pause}</detail></s:Fault></s:Body></s:Envelope>"
    )
    return HttpReply(500, body.encode(), {"Content-Type": "text/xml; charset=utf-8"})


def _folder_in(asked: ElementTree.Element, name: str) -> str:
    folder = asked.find(f"{M}{name}")
    assert folder is not None
    return folder[0].get("Id") or ""


def _done(name: str, inside: str) -> str:
    return (
        f'<m:{name}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>{inside}'
        f"</m:{name}ResponseMessage>"
    )


def _error(name: str, code: str) -> str:
    return (
        f'<m:{name}ResponseMessage ResponseClass="Error"><m:MessageText>words</m:MessageText>'
        f"<m:ResponseCode>{code}</m:ResponseCode></m:{name}ResponseMessage>"
    )


def _soap(name: str, told: list[str]) -> HttpReply:
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope {_SPACES}><s:Body><m:{name}Response><m:ResponseMessages>'
        f"{''.join(told)}</m:ResponseMessages></m:{name}Response></s:Body></s:Envelope>"
    )
    return HttpReply(200, b"\xef\xbb\xbf" + body.encode(), {"Content-Type": "text/xml; charset=utf-8"})
