"""What the pages for people who are logged in stand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from wardmail.manage.log_in import LoginDesk
from wardmail.outbound.world import World
from wardmail.ports import Clock, Figures, HeldRecords, HoldBook, MessageRecords
from wardmail.web.login_ledger import LoginLedger
from wardmail.web.pages.rendering import Pages


@dataclass(frozen=True, slots=True)
class ConsoleServices:
    """`integrations` gives the title of each by name."""

    pages: Pages
    desk: LoginDesk
    ledger: LoginLedger
    clock: Clock
    messages: MessageRecords
    held: HeldRecords
    holds: HoldBook
    integrations: Callable[[], Mapping[str, str]]
    world: World
    figures: Figures
