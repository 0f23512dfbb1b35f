"""The API of a real gateway over TLS: what the welcome says works, and slow or greedy clients harm nobody."""

from __future__ import annotations

import json
import re
import shlex
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.journeys.gateway import Gateway, running_sandbox
from tests.journeys.peers.ground import Authority, need, open_directory, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Gateway]:
    with open_directory("api") as directory:
        (directory / "authority").mkdir()
        with running_sandbox(directory, Authority(directory / "authority")) as made:
            wait_until(lambda: "Simulators" in made.log(), "the welcome")
            yield made


def _curl_line(sandbox: Gateway) -> str:
    (line,) = [each for each in sandbox.log().splitlines() if "/v1/messages" in each and "curl" in each]
    return line.strip()


def _port(sandbox: Gateway) -> int:
    return int(_curl_line(sandbox).partition("https://localhost:")[2].partition("/")[0])


def _connect(sandbox: Gateway) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(sandbox.directory / "tls" / "ca.pem"))
    return context.wrap_socket(socket.create_connection(("localhost", _port(sandbox))), server_hostname="localhost")


def test_the_line_that_is_printed_works_when_it_is_pasted(sandbox: Gateway) -> None:
    need("curl")
    answered = subprocess.run(
        [*shlex.split(_curl_line(sandbox)), "--silent"],
        cwd=sandbox.directory.parent,
        capture_output=True,
        text=True,
        timeout=30,
    )
    taken = json.loads(answered.stdout)
    assert taken["status"] == "accepted"
    sandbox.wait_for_states(taken["id"], "delivered")


def test_tls_alone_and_nothing_below_1_2(sandbox: Gateway) -> None:
    with closing(socket.create_connection(("localhost", _port(sandbox)))) as plain:
        plain.sendall(b"GET /v1/messages HTTP/1.1\r\nHost: x\r\n\r\n")
        plain.settimeout(10)
        assert not plain.recv(100).startswith(b"HTTP")


def test_silent_and_trickling_clients_stop_nobody(sandbox: Gateway) -> None:
    silent = [_connect(sandbox) for _ in range(50)]
    silent[0].sendall(b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    with closing(_connect(sandbox)) as other:
        other.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert other.recv(100).startswith(b"HTTP/1.1 200")
    began = time.monotonic()
    silent[0].settimeout(30)
    assert silent[0].recv(100) == b""
    assert time.monotonic() - began < 25
    for each in silent:
        each.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"GET /v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: a\nB: c\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01garbage\r\n\r\n",
    ],
)
def test_requests_that_mean_two_things_are_answered_once(sandbox: Gateway, request_bytes: bytes) -> None:
    with closing(_connect(sandbox)) as client:
        client.settimeout(20)
        client.sendall(request_bytes)
        answer = b""
        while chunk := client.recv(10_000):
            answer += chunk
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert answer == b"" or re.match(rb"HTTP/1.1 4\d\d ", answer)


def test_streams_that_are_left_make_room_for_others(sandbox: Gateway) -> None:
    asked = b"GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wmk_demo.demo\r\n\r\n"
    for _ in range(60):
        with closing(_connect(sandbox)) as client:
            client.settimeout(20)
            client.sendall(asked)
            answer = b""
            while b"retry:" not in answer and b" 503 " not in answer:
                answer += client.recv(10_000)
            if b" 503 " in answer:
                break
    wait_until(lambda: _status(sandbox, asked) == b"200", "room for another stream", 30)


def _status(sandbox: Gateway, asked: bytes) -> bytes:
    with closing(_connect(sandbox)) as client:
        client.settimeout(20)
        client.sendall(asked)
        return client.recv(10_000).split(b" ")[1]


def test_a_stream_ends_when_the_gateway_is_told_to_stop() -> None:
    with open_directory("api-stop") as directory:
        (directory / "authority").mkdir()
        with running_sandbox(directory, Authority(directory / "authority")) as made:
            wait_until(lambda: "Simulators" in made.log(), "the welcome")
            with closing(_connect(made)) as client:
                client.sendall(
                    b"GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wmk_demo.demo\r\n\r\n"
                )
                assert b"200" in client.recv(1_000)
                assert made.stop() == 0
