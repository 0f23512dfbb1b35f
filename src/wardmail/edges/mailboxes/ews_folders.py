"""Finds a mailbox's folders at Exchange by the names that people know them by, and makes the one for what is done."""

from __future__ import annotations

from wardmail.edges.mailboxes.ews_calls import EwsCalls
from wardmail.protocol import ews

_ROOT = "msgfolderroot"


class EwsFolders:
    def __init__(self, calls: EwsCalls) -> None:
        self._calls = calls
        self._known: dict[str, str] = {}

    async def id_of(self, name: str) -> str:
        """`name` is a distinguished one or a path of display names. Raises Unavailable if it is not there."""
        if name.lower() in ews.DISTINGUISHED:
            return name.lower()
        if name not in self._known:
            within = _ROOT
            for step in name.split("/"):
                found = await self._find(within, step)
                if found is None:
                    raise self._calls.unavailable(f"it has no folder {name}")
                within = found
            self._known[name] = within
        return self._known[name]

    async def made(self, name: str) -> str:
        """As id_of; makes a folder beside the inbox that is not there yet."""
        if "/" not in name and name.lower() not in ews.DISTINGUISHED and await self._find(_ROOT, name) is None:
            (told,) = await self._calls.ask(ews.create_folder(_ROOT, name))
            if not told.done and told.code != "ErrorFolderExists":  # another process made it meanwhile
                raise self._calls.unavailable(f"it does not make the folder {name} ({told.code})")
        return await self.id_of(name)

    def forget(self) -> None:
        self._known.clear()

    async def _find(self, within: str, name: str) -> str | None:
        (told,) = await self._calls.ask(ews.find_folder(within, name))
        return self._calls.read(lambda answer: ews.read_folder(answer, name), told)
