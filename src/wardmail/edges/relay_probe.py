"""Tries, as a stranger would, to send through a server; a closed relay refuses every trick (SEND-6)."""

from __future__ import annotations

import smtplib
import ssl

TRICKS = (
    "victim@elsewhere.example",
    "victim%elsewhere.example@localhost",
    "elsewhere.example!victim",
    "@localhost:victim@elsewhere.example",
    '"victim@elsewhere.example"',
    "victim@elsewhere.example@localhost",
)


def probe_relay(host: str, port: int, timeout: float = 5.0) -> str | None:
    """Empty when all was refused, what was not refused, or None when nobody answers."""
    try:
        with smtplib.SMTP(host, port, timeout=timeout) as client:
            return _before_tls(client) or _after_tls(client)
    except (OSError, smtplib.SMTPException):
        return None


def _before_tls(client: smtplib.SMTP) -> str:
    client.ehlo("relay-probe.invalid")
    if client.has_extn("auth"):
        return "it offers AUTH without TLS"
    code, _ = client.docmd("MAIL", "FROM:<probe@elsewhere.example>")
    return "it takes MAIL without TLS" if code < 400 else ""


def _after_tls(client: smtplib.SMTP) -> str:
    # The certificate is not what is tested here, and nothing secret is said.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client.starttls(context=context)
    client.ehlo("relay-probe.invalid")
    for sender in ("probe@elsewhere.example", ""):
        code, _ = client.docmd("MAIL", f"FROM:<{sender}>")
        if code < 400:
            return "it takes MAIL without a log-in"
    for trick in TRICKS:
        code, _ = client.docmd("RCPT", f"TO:<{trick}>")
        if code < 400:
            return f"it takes RCPT TO:<{trick}> without a log-in"
    return ""
