"""Turns HTML into the text that a person would read, in linear time and without building a tree."""

from __future__ import annotations

import html
import re

# "Or the end of the text" lets an unclosed construct be passed over once, and not once from every start.
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|head)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_BLOCK = re.compile(
    r"</?(?:p|br|div|tr|t[dh]|table|li|[ou]l|h[1-6r]|blockquote|pre|section|body|html)(?:[\s/][^<>]*)?>", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z!?][^<>]*>")


def without_tags(markup: str) -> str:
    """The letters alone, quicker than `text_of_html` and not fit to be read: words of different blocks run together."""
    return _TAG.sub("", markup) if "<" in markup else markup


def text_of_html(markup: str) -> str:
    """Blocks become lines, other tags fall away, so that a number that tags cut in pieces is whole again."""
    shown = _UNSEEN.sub(" ", markup) if "<" in markup else markup
    shown = _BLOCK.sub("\n", " ".join(shown.split()))
    if "<" in shown:
        shown = _TAG.sub("", shown)
    return html.unescape(shown) if "&" in shown else shown
