r"""What is no letter, but steers whoever shows it: controls, ends of lines, turns of the direction of writing.

Each is a part of a class of a regular expression, in the escapes that Python and ECMAScript share.
"""

from __future__ import annotations

CONTROLS = r"\x00-\x1f\x7f-\x9f"
LINE_ENDS = r"\u2028\u2029"
"""Besides those among the controls."""

TURNING = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""With them a name can look like another one."""
