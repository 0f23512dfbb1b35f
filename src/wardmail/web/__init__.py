"""Pages and API over HTTPS."""

KEY_PREFIX = "wmk_"
"""API keys begin with it, so that a scanner of source code finds those that were left there."""

PERSON_KEY_PREFIX = "wmp_"
"""Keys of people begin with it."""
