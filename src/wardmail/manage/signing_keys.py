"""Where people change the keys that sign for our domains: commands, pages and programs all come here (SHARE-17).

A key is made and waits, its record is published, and then it takes over from the one before it; or it signs at once.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from wardmail.manage.integrations import BadInput, Forbidden, may_not
from wardmail.model.own_domain import DomainKey, KeyState
from wardmail.model.person import Permission, Person
from wardmail.model.secret_reference import KEY_FORMS, scheme_of
from wardmail.ports import Clock
from wardmail.ports.domains import DomainKeys
from wardmail.protocol.domain import InvalidDomain, parse_domain
from wardmail.protocol.selector import proper_selector

ALGORITHMS = ("rsa-sha256", "ed25519-sha256")
_OUTSIDE = frozenset({"vault-transit", "azure-key", "pkcs11"})
_MOST_WAITING = 4
MOST_NAMED = 10
"""Selectors that somebody names for one look at another's domain."""
_READ_BY_ALL = ALGORITHMS[0]
"""RFC 8463 section 3 wants signatures by both: who cannot check Ed25519 takes the mail for unsigned."""


@dataclass(frozen=True, slots=True)
class MadeKeys:
    """`made` in the order in which they were; `retired` signed until now."""

    domain: str
    made: tuple[DomainKey, ...]
    retired: tuple[DomainKey, ...] = ()


@dataclass(frozen=True, slots=True)
class RetiredKey:
    """Of one that has signed nothing, nobody needs the record any more."""

    key: DomainKey
    has_signed: bool


class SigningKeyDesk:
    """Blocks, but for `activate`, and asks itself whether the person may. None: there is no such key."""

    def __init__(
        self, keys: DomainKeys, clock: Clock, is_published: Callable[[DomainKey], Awaitable[bool | None]]
    ) -> None:
        """`is_published` asks the DNS; None: it does not say."""
        self._keys = keys
        self._clock = clock
        self._is_published = is_published

    def of(self, domain: str) -> Sequence[DomainKey]:
        return [each for each in self._keys.all() if each.domain == domain]

    def make(
        self, actor: Person, domain: str, algorithms: Sequence[str] = (), key: str = "", *, signs_now: bool
    ) -> MadeKeys | BadInput | Forbidden:
        """New keys, of both algorithms unless some are named; `key` names one that stays in its vault or on its token.

        With `signs_now` they take over at once: until their records are published, nobody can check what they sign.
        """
        if not actor.may(Permission.KEEP_SECRETS):
            return may_not(actor, Permission.KEEP_SECRETS)
        name = checked_domain(domain)
        if isinstance(name, BadInput):
            return name
        if key and scheme_of(key) not in _OUTSIDE:
            return BadInput(f"That does not say where a signing key is: write {KEY_FORMS}.", "WM-DKIM-KEY")
        before = self.of(name)
        if not signs_now and sum(each.state is KeyState.WAITING for each in before) >= _MOST_WAITING:
            return BadInput(f"{name} has {_MOST_WAITING} keys that wait already: use or retire one.", "WM-DKIM-WAITING")
        selectors = self._enter(actor, name, algorithms, key, KeyState.ACTIVE if signs_now else KeyState.WAITING)
        if isinstance(selectors, BadInput):
            return selectors
        made = tuple(each for each in self.of(name) if each.selector in selectors)
        retired = self._retire_those_before(actor, made, before) if signs_now else ()
        return MadeKeys(name, made, retired)

    async def activate(self, actor: Person, domain: str, selector: str) -> MadeKeys | BadInput | Forbidden | None:
        """Sign with a key from now on, once the DNS shows its record; those before it of its algorithm stop."""
        if not actor.may(Permission.KEEP_SECRETS):
            return may_not(actor, Permission.KEEP_SECRETS)
        before = await asyncio.to_thread(self.of, domain)
        key = next((each for each in before if each.selector == selector), None)
        if key is None:
            return None
        if key.state is KeyState.ACTIVE:
            return BadInput(f"{selector} signs already.", "WM-DKIM-STATE")
        why_not = _why_not(selector, domain, await self._is_published(key))
        if why_not is not None:
            return why_not
        return await asyncio.to_thread(self._take_over, actor, key)

    def retire(self, actor: Person, domain: str, selector: str) -> RetiredKey | BadInput | Forbidden | None:
        """Stop signing with it, or give up one that waits. The last one that signs stays, or mail would go out unsigned."""
        if not actor.may(Permission.KEEP_SECRETS):
            return may_not(actor, Permission.KEEP_SECRETS)
        before = self.of(domain)
        key = next((each for each in before if each.selector == selector), None)
        if key is None:
            return None
        if key.state is KeyState.RETIRED:
            return BadInput(f"{selector} is retired already.", "WM-DKIM-STATE")
        if is_needed(key, before):
            words = (
                f"{selector} is the last key that signs for {domain}, or the last by RSA, which many receivers need: "
                "let another one take over first."
            )
            return BadInput(words, "WM-DKIM-LAST-KEY")
        self._keys.move(domain, selector, KeyState.RETIRED, actor.id)
        if is_needed(key, self.of(domain)):
            self._keys.move(domain, selector, KeyState.ACTIVE, actor.id)
            words = "Somebody else retired the other key in this very second: look at the keys again."
            return BadInput(words, "WM-DKIM-LAST-KEY")
        return RetiredKey(replace(key, state=KeyState.RETIRED), has_signed=key.state is not KeyState.WAITING)

    def _enter(
        self, actor: Person, domain: str, algorithms: Sequence[str], key: str, state: KeyState
    ) -> list[str] | BadInput:
        stamp = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%d%H%M%S")
        wanted = tuple(dict.fromkeys(algorithms)) or ALGORITHMS
        selectors = [f"wm{stamp}k"] if key else [f"wm{stamp}{each[0]}" for each in wanted]
        if any(each.selector in selectors for each in self.of(domain)):
            return BadInput("Somebody else made keys in this very second: look at them first.", "WM-DKIM-BUSY")
        if key:
            try:
                self._keys.take(domain, selectors[0], key, state, actor.id)
            except ValueError as error:
                return BadInput(f"That key cannot sign: {error}.", "WM-DKIM-KEY")
            return selectors
        for selector, algorithm in zip(selectors, wanted, strict=True):
            self._keys.make(domain, selector, algorithm, state, actor.id)
        return selectors

    def _take_over(self, actor: Person, key: DomainKey) -> MadeKeys:
        self._keys.move(key.domain, key.selector, KeyState.ACTIVE, actor.id)
        made = (replace(key, state=KeyState.ACTIVE),)
        return MadeKeys(key.domain, made, self._retire_those_before(actor, made, self.of(key.domain)))

    def _retire_those_before(
        self, actor: Person, made: Sequence[DomainKey], before: Sequence[DomainKey]
    ) -> tuple[DomainKey, ...]:
        new, algorithms = {each.selector for each in made}, {each.algorithm for each in made}
        old = [
            each
            for each in before
            if each.selector not in new and each.algorithm in algorithms and each.state is KeyState.ACTIVE
        ]
        for each in old:
            self._keys.move(each.domain, each.selector, KeyState.RETIRED, actor.id)
        return tuple(replace(each, state=KeyState.RETIRED) for each in old)


def is_needed(key: DomainKey, keys: Sequence[DomainKey]) -> bool:
    """Whether a key of these, all of one domain, must not stop."""
    others = [each for each in keys if each.state is KeyState.ACTIVE and each.selector != key.selector]
    is_last_by_rsa = key.algorithm == _READ_BY_ALL and all(each.algorithm != _READ_BY_ALL for each in others)
    return key.state is KeyState.ACTIVE and (not others or is_last_by_rsa)


def named_selectors(typed: Sequence[str]) -> tuple[str, ...] | BadInput:
    """Of another organisation's keys, each text with one or more, as people type them."""
    words = [word for each in typed for word in re.split(r"[\s,;]+", each) if word]
    found = [proper_selector(each) for each in words]
    if not all(found) or len(found) > MOST_NAMED:
        reason = f"Write up to {MOST_NAMED} selectors, of letters, digits, dots and hyphens each, as selector1."
        return BadInput(reason, "WM-DKIM-SELECTOR")
    return tuple(dict.fromkeys(found))


def checked_domain(text: str) -> str | BadInput:
    parsed = parse_domain(text.strip().rstrip("."))
    return BadInput(f"That is no domain: {parsed.reason}", "WM-DOMAIN") if isinstance(parsed, InvalidDomain) else parsed


def _why_not(selector: str, domain: str, is_published: bool | None) -> BadInput | None:
    record = f"{selector}._domainkey.{domain}"
    if is_published is None:
        return BadInput(f"The DNS does not say whether {record} is published: try again.", "WM-DKIM-CANNOT-TELL")
    if not is_published:
        words = f"{record} is not in the DNS as we would sign. Publish it, wait until it is seen, and try again."
        return BadInput(words, "WM-DKIM-NOT-PUBLISHED")
    return None
