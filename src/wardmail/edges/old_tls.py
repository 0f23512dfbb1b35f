"""To find out whether a server speaks TLS 1.0 or 1.1, where our own OpenSSL can ask; nothing is ever said over it."""

from __future__ import annotations

import functools
import ssl
import warnings


def context_of_any_tls() -> ssl.SSLContext:
    """Every version and suite that OpenSSL has left."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    # At any higher level OpenSSL 3 signs with no SHA-1, and so has no TLS before 1.2.
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


@functools.cache
def context_of_old_tls() -> ssl.SSLContext | None:
    """Of TLS 1.0 and 1.1 alone; None where our own OpenSSL was built without, or forbids them whatever we say."""
    try:
        context = context_of_any_tls()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    except (ssl.SSLError, ValueError):
        return None
    return context if _can_begin(context) else None


def is_refusal(failure: BaseException | None) -> bool:
    """Whether a handshake of old TLS ended because the server wanted none: it said so, or hung up at once.

    Any other failure may be our own OpenSSL's, of a server that does speak it.
    """
    if isinstance(failure, ssl.SSLEOFError | ConnectionError):
        return True
    return isinstance(failure, ssl.SSLError) and "_ALERT_" in str(getattr(failure, "reason", ""))


def _can_begin(context: ssl.SSLContext) -> bool:
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(coming, going, server_hostname="mx.example").do_handshake()
    except ssl.SSLWantReadError:
        return going.pending > 0
    except ssl.SSLError:
        return False
    return False
