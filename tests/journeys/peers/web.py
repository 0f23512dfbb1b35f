"""A small HTTPS server whose answers a test decides: token endpoints, MTA-STS policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.journeys.peers.ground import CertificateFilesOnDisk
from tests.journeys.peers.https_server import HttpReply, HttpRequest, https_server


@dataclass
class Page:
    body: bytes
    status: int = 200
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Web:
    """`answer` gets the Host, the path, and the form as sent."""

    answer: Callable[[str, str, bytes], Page]
    port: int = 0
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)


@contextmanager
def running_web(
    certificate: CertificateFilesOnDisk, answer: Callable[[str, str, bytes], Page], address: str = "127.0.0.1"
) -> Iterator[Web]:
    web = Web(answer)

    def reply(request: HttpRequest) -> HttpReply:
        asked = (request.headers.get("host", ""), request.target, request.body)
        web.requests.append(asked)
        page = web.answer(*asked)
        return HttpReply(page.status, page.body, {"Content-Type": page.content_type, **page.headers})

    with https_server(certificate, reply, address) as web.port:
        yield web
