"""The page that a clinician asks: is it safe to e-mail this address? (SHARE-2)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from wardmail.manage.address_check import AddressCheck
from wardmail.manage.log_in import LoginDesk, Visitor
from wardmail.model.refusal import Unavailable
from wardmail.web.pages.forms import read_form
from wardmail.web.pages.guard import recognised
from wardmail.web.pages.rendering import Pages
from wardmail.web.pages.words import moment

MOST_ADDRESSES = 500
_HEADLINES = {
    "secure": ("Yes", "", "The organisation's email system is known to be secure."),
    "unknown": (
        "Not in the normal way",
        "wardmail-verdict--caution",
        "We do not know how this organisation protects email after it arrives.",
    ),
    "not-secure": ("No", "wardmail-verdict--no", "This email system is not secure for patient information."),
    "invalid": ("This is not an email address", "wardmail-verdict--caution", "Look for a slip in the address."),
}
_WHAT_WE_DO = {
    "secure": ("Allowed", "Send it with required TLS. If the link is not secure the message waits, and you are told."),
    "unknown": (
        "Not without a signed sharing agreement",
        "Hold a sensitive message until a person decides. Nothing is sent meanwhile.",
    ),
    "not-secure": ("Not allowed", "Hold a sensitive message until a person decides. Nothing is sent meanwhile."),
    "invalid": ("Not allowed", "Refuse the message, and say so."),
}

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Answer:
    """As the page shows it; `look` is a class of the stylesheet."""

    address: str
    headline: str
    look: str
    lead: str
    rows: Sequence[object]
    technical: str
    why: str


class CheckPage:
    """Needs no log-in within `networks`: what it tells is in published lists. With a log-in, anywhere."""

    def __init__(
        self,
        pages: Pages,
        check: Callable[[str], AddressCheck],
        networks: tuple[Network, ...],
        desk: LoginDesk | None = None,
    ) -> None:
        self.pages = pages
        self._check = check
        self._networks = networks
        self._desk = desk

    async def show(self, request: Request) -> Response:
        visitor = await self._visitor(request)
        if visitor is None and not self._is_within(request):
            return self.pages.problem(
                403,
                "This page is for people in the organisation's network",
                "Connect by the network of your place of work, or ask the mail team.",
            )
        if request.method != "POST":
            return self._draw(visitor, "", [])
        try:
            typed = (await read_form(request)).get("addresses", "")
        except (ValueError, TimeoutError, ClientDisconnect):
            return self._draw(visitor, "", [], "Write fewer addresses at a time", 422)
        wanted = [line.strip() for line in typed.splitlines() if line.strip()]
        if not wanted:
            return self._draw(visitor, typed, [], "Enter an email address", 422)
        if len(wanted) > MOST_ADDRESSES:
            return self._draw(visitor, typed, [], f"Write at most {MOST_ADDRESSES} addresses at a time", 422)
        try:
            answers = [_answer(self._check(each)) for each in wanted]
        except Unavailable:
            return self.pages.problem(
                503, "Sorry, we cannot say just now", "Do not take this for a yes.", "Try again in a few minutes."
            )
        return self._draw(visitor, "", answers)

    async def _visitor(self, request: Request) -> Visitor | None:
        """What is answered here does not depend on it, so a store that is down keeps nobody from an answer."""
        if self._desk is None:
            return None
        try:
            return await recognised(self._desk, request)
        except Unavailable:
            return None

    def _draw(
        self, visitor: Visitor | None, typed: str, answers: Sequence[Answer], error: str = "", status: int = 200
    ) -> Response:
        title = "Is it safe to email this address?"
        rows = [_cells(each) for each in answers]
        caption = f"{len(answers)} addresses"
        values = {
            "visitor": visitor,
            "here": "/check",
            "typed": typed,
            "answers": answers,
            "rows": rows,
            "caption": caption,
            "error": error,
            "errors": bool(error),
        }
        return self.pages.draw("check.jinja", title, status, **values)

    def _is_within(self, request: Request) -> bool:
        if request.client is None:
            return False
        address = ip_address(request.client.host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._networks if network.version == address.version)


def _answer(check: AddressCheck) -> Answer:
    headline, look, lead = _HEADLINES[check.standing]
    information, action = _WHAT_WE_DO[check.standing]
    why = f"{check.reason[:1].upper()}{check.reason[1:]}".rstrip(".") + "."
    when = moment(check.checked_at)
    shown = check.address
    if not check.address.isascii() and check.domain:
        why = f"Its domain is not what it may look like: it is {check.domain}. {why}"
    rows = [
        _row("Patient information", information),
        _row("What the gateway will do", action),
        _row("Why", why),
        _row("List", check.list_version or "No list of accredited organisations is loaded"),
        _row("Checked", when),
    ]
    table = "health and care" if check.profile == "health-and-care" else check.profile
    technical = f"Domain: {check.domain or 'none'}. Table of senders in {table}. Rule {check.source}."
    return Answer(shown, headline, look, lead, rows, technical, why)


def _cells(answer: Answer) -> list[dict[str, str]]:
    address = {"text": answer.address, "classes": "wardmail-break"}
    return [address, {"text": answer.headline}, {"text": answer.why}]


def _row(key: str, value: str) -> dict[str, dict[str, str]]:
    return {"key": {"text": key}, "value": {"text": value}}
