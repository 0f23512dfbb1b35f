"""What the pages for people who are logged in stand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wardmail.manage.log_in import LoginDesk
from wardmail.manage.provider_log_in import ProviderDesk
from wardmail.outbound.world import World
from wardmail.ports import Clock, HeldRecords, HoldBook, MessageRecords
from wardmail.web.login_ledger import LoginLedger
from wardmail.web.pages.rendering import Pages


@dataclass(frozen=True, slots=True)
class ConsoleServices:
    """`integrations` gives the title of each by name; `provider_name` is how people know their organisation's log-in."""

    pages: Pages
    desk: LoginDesk
    ledger: LoginLedger
    clock: Clock
    messages: MessageRecords
    held: HeldRecords
    holds: HoldBook
    integrations: Callable[[], Mapping[str, str]]
    world: World
    provider: ProviderDesk | None = None
    provider_name: str = ""
