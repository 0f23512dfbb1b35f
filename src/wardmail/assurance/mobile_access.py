"""The rules for mobile devices that a server can keep: what is not shown or given to one (SHARE-11).

A device is what its browser says; one that says that it is a computer is taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

LARGEST = 10 * 1024 * 1024
"""Octets of what is downloaded."""

LONGEST = 30 * 86_400.0
"""Seconds after which mail is not shown."""

_MOBILE = re.compile(r"Mobi|Android|iPhone|iPad|iPod|Windows Phone|Silk/|KFAPWI|Tablet", re.IGNORECASE).search


def is_mobile(headers: Mapping[str, str]) -> bool:
    """`headers` of a request, by names in lower case; the client hint and the old field, whichever says so."""
    return headers.get("sec-ch-ua-mobile", "").strip() == "?1" or bool(_MOBILE(headers.get("user-agent", "")[:1_000]))


def may_be_shown(received_at: float, now: float) -> bool:
    return now - received_at <= LONGEST


def may_be_downloaded(size: int) -> bool:
    return size <= LARGEST
