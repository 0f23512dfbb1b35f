"""The TLS suites that may carry mail, and the way to tell OpenSSL before it is loaded."""

from __future__ import annotations

import os
from pathlib import Path

TLS12_SUITES = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
)
TLS13_SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256")
APPROVED_SUITES = frozenset(TLS12_SUITES + TLS13_SUITES)


def use_approved_suites_only() -> None:
    """Point OpenSSL at our configuration. It is read once, when `ssl` is first imported: call this before.

    An operator's own OPENSSL_CONF wins: suites that it lets through are still refused after each handshake.
    """
    os.environ.setdefault("OPENSSL_CONF", str(Path(__file__).with_name("openssl.cnf")))
