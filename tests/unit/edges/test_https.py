"""Small texts that others serve: none of them grows in our memory."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest

from wardmail.edges.https import _read
from wardmail.model.question import Answer, Found, Unknown


async def read(content: bytes, headers: Mapping[str, str]) -> Answer:
    async def body() -> AsyncIterator[bytes]:
        yield content

    # As a stream: the library unpacks at once what it is given whole.
    return await _read(httpx2.Response(200, headers={"content-type": "text/plain", **headers}, content=body()), 64)


async def test_a_small_text_is_read() -> None:
    assert await read(b"version: STSv1", {}) == Found(("version: STSv1",))


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({}, b"x" * 65),
        ({"content-encoding": "gzip"}, gzip.compress(b"x" * 10_000_000)),
        ({"content-encoding": "br"}, b"x"),
        ({"content-type": "text/html"}, b"x"),
    ],
)
async def test_what_is_larger_than_it_looks_is_not(headers: dict[str, str], content: bytes) -> None:
    assert isinstance(await read(content, headers), Unknown)
