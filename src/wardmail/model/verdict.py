"""What is done with a message that came in, and the wishes of the integration that it is for (RECV-2, RECV-3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """In order of strictness: the strictest that anything asks for is what happens."""

    ACCEPT = "accept"
    WARN = "warn"
    STRIP = "strip"
    QUARANTINE = "quarantine"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` are sentences for people, strictest first; `strip` are paths of the parts to be replaced by a notice."""

    action: Action
    reasons: tuple[str, ...]
    strip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """An integration's own terms for what it receives. Types are detected MIME types or `.extension`.

    `allow` empty: every type but the denied ones. `protected_names` are display names and domains that others imitate;
    `own_domains` are ours: mail that claims them must prove it. `warn_at` and `quarantine_at` are sums of weights.
    `on_malware` is QUARANTINE or REFUSE; whatever else it says, malware is kept back.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    on_denied: Action = Action.STRIP
    on_dangerous: Action = Action.QUARANTINE
    on_malware: Action = Action.QUARANTINE
    on_dmarc_reject: Action = Action.QUARANTINE
    protected_names: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()
    warn_at: int = 30
    quarantine_at: int = 70
