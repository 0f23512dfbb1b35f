"""Bytes to meaning and back: SMTP, addresses, headers, delivery reports."""
