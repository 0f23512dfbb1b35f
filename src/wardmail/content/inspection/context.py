"""What the inspection is told beside the message itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from wardmail.content.mime.leaf import Limits


@dataclass(frozen=True, slots=True)
class Context:
    """`protected_names` are display names and domains that others imitate; `own_domains` are ours.

    `known_sender` None: nobody knows whether this sender wrote before.
    """

    protected_names: tuple[str, ...] = ()
    own_domains: tuple[str, ...] = ()
    known_sender: bool | None = None
    limits: Limits = field(default_factory=Limits)
