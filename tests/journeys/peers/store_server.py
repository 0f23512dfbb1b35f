"""An HTTPS server that keeps secrets, and can be told to misbehave: the ground of the Vault and Azure contract servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.journeys.peers.ground import CertificateFilesOnDisk
from tests.journeys.peers.https_server import HttpReply, HttpRequest, https_server

Answer = tuple[int, Mapping[str, object]]


@dataclass
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def fields(self) -> dict[str, object]:
        return json.loads(self.body or b"{}")


@dataclass
class StoreServer:
    """`misbehave` gets each request first: bytes are sent as they are, a status alone, seconds are waited; None: answer."""

    answer: Callable[[Request], Answer]
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    misbehave: Callable[[Request], bytes | int | float | None] = lambda request: None


@contextmanager
def running_store(certificate: CertificateFilesOnDisk, answer: Callable[[Request], Answer]) -> Iterator[StoreServer]:
    store = StoreServer(answer)

    def reply(asked: HttpRequest) -> HttpReply:
        request = Request(asked.method, asked.target, asked.headers, asked.body)
        store.requests.append(request)
        wrong = store.misbehave(request)
        if isinstance(wrong, float):
            return HttpReply(200, delay=wrong, silent=True)
        if isinstance(wrong, int):
            # What a proxy or the server itself may repeat of what it was sent must reach no log of ours.
            return _json(wrong, f"<html>{asked.headers} {asked.body!r}</html>".encode())
        if wrong is not None:
            return _json(200, wrong)
        status, fields = store.answer(request)
        return _json(status, json.dumps(fields).encode())

    with https_server(certificate, reply) as store.port:
        yield store


def _json(status: int, body: bytes) -> HttpReply:
    return HttpReply(status, body, {"Content-Type": "application/json"})
