"""Pages and API over HTTPS."""

KEY_PREFIX = "wmk_"
"""API keys begin with it, so that a scanner of source code finds those that were left there; `live_` or `test_` follows."""

LIVE, TEST = "live_", "test_"

PERSON_KEY_PREFIX = "wmp_"
"""Keys of people begin with it."""


def key_of(username: str, secret: str, *, is_test: bool) -> str:
    return f"{KEY_PREFIX}{TEST if is_test else LIVE}{username}.{secret}"
