"""Body hashes of published DKIM messages: bh= was computed by others."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import pytest

from wardmail.protect.canonical import RelaxedBodyHash

FOLDER = Path(os.environ.get("WARDMAIL_VECTORS", Path(__file__).parents[3] / "shared" / "vectors")) / "dkim"
NAMES = ("01-rfc8463", "05-dns_temp_error", "08-our_signature", "11-strict_domain_check_fail")


@pytest.mark.skipif(not FOLDER.exists(), reason=f"no vectors at {FOLDER}")
@pytest.mark.parametrize("name", NAMES)
def test_published_body_hash(name: str) -> None:
    message = (FOLDER / f"{name}.msg").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    head, _, body = message.partition(b"\r\n\r\n")
    assert re.search(rb"c=(?:relaxed|simple)/relaxed", head)
    published = re.search(rb"\bbh=([A-Za-z0-9+/=\s]+)", head)
    assert published is not None
    hashing = RelaxedBodyHash()
    hashing.update(body)
    assert hashing.digest() == base64.b64decode(published[1])
