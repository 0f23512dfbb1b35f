"""What the pages for people who are logged in stand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wardmail.manage.account import AccountDesk
from wardmail.manage.key_log_in import KeyDesk
from wardmail.manage.log_in import LoginDesk
from wardmail.manage.people_desk import PeopleDesk
from wardmail.manage.provider_log_in import ProviderDesk
from wardmail.model.person import Person
from wardmail.outbound.opened_content import ContentDesk
from wardmail.outbound.resending import ResendDesk
from wardmail.outbound.world import World
from wardmail.ports import Clock, Figures, GivenReplies, HeldRecords, HoldBook, MessageRecords
from wardmail.web.login_ledger import LoginLedger
from wardmail.web.pages.once import OnceForms
from wardmail.web.pages.rendering import Pages


@dataclass(frozen=True, slots=True)
class IdentityServices:
    """Who people are, and how they prove it. `provider_name` is how they know their organisation's log-in."""

    keys: KeyDesk
    account: AccountDesk
    people: PeopleDesk
    provider: ProviderDesk | None = None
    provider_name: str = ""


TakeEvidence = Callable[[Person, str, str], tuple[str, bytes] | None]
"""Of one message, for a reason: a name and a ZIP archive. None when there is no such message. Blocking."""


@dataclass(frozen=True, slots=True)
class ConsoleServices:
    """`integrations` gives the title of each by name; `replies` are to forms that make one thing however often they come."""

    pages: Pages
    desk: LoginDesk
    ledger: LoginLedger
    clock: Clock
    messages: MessageRecords
    held: HeldRecords
    holds: HoldBook
    integrations: Callable[[], Mapping[str, str]]
    world: World
    identity: IdentityServices
    figures: Figures
    content: ContentDesk
    resend: ResendDesk
    replies: GivenReplies
    once: OnceForms
    evidence: TakeEvidence
