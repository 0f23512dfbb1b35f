"""What machines that watch the gateway ask, without a log-in: is it alive, is it ready, and the numbers (`/metrics`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from wardmail.model.readiness import Part, is_ready

_ALWAYS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Watched:
    """`networks`: from where the numbers may be read. `numbers` is text in the exposition format of Prometheus."""

    parts: Callable[[], Awaitable[Sequence[Part]]]
    numbers: Callable[[], Awaitable[str]]
    networks: tuple[IPv4Network | IPv6Network, ...]


def watching(watched: Watched) -> list[Route]:
    async def ready(_: Request) -> Response:
        parts = await watched.parts()
        return JSONResponse(report_of(parts), 200 if is_ready(parts) else 503, headers=_ALWAYS)

    async def metrics(request: Request) -> Response:
        if not _is_within(request, watched.networks):
            return PlainTextResponse("Not from this network: see the setting metrics.networks.\n", 403, headers=_ALWAYS)
        return Response(await watched.numbers(), headers=_ALWAYS | {"Content-Type": EXPOSITION})

    return [
        Route("/livez", _alive),
        Route("/readyz", ready),
        Route("/healthz", ready),
        Route("/metrics", metrics),
    ]


def report_of(parts: Sequence[Part]) -> dict[str, object]:
    """The same for `/readyz` and `wardmail ready --json`."""
    return {
        "status": "ready" if is_ready(parts) else "not ready",
        "parts": {each.name: {"ok": each.ok, "says": each.says} for each in parts},
    }


async def _alive(_: Request) -> Response:
    """That this is answered is the answer: the event loop turns."""
    return JSONResponse({"status": "alive"}, headers=_ALWAYS)


def _is_within(request: Request, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    if request.client is None:
        return False
    address = ip_address(request.client.host.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks if network.version == address.version)
