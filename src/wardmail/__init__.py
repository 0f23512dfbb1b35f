"""Wardmail: the secure e-mail gateway for business applications in health, care and government."""

__version__ = "0.1.0"
