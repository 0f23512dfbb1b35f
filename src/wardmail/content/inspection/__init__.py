"""Finds out what is in a message that came in: types, dangers, deceit."""

from wardmail.content.inspection.context import Context
from wardmail.content.inspection.examine import inspect

__all__ = ["Context", "inspect"]
