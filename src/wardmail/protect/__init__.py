"""Seals made and checked: DKIM."""
