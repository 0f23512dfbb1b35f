"""Discharge letters: a whole application in one file, with nothing but Python's own library.

It sends by SMTP and by the API, is told by a webhook what becomes of its letters, and collects what comes in. Copy what
you need. `wardmail run` starts it; by itself it wants these in its environment:

    WARDMAIL_SMTP localhost:1025      WARDMAIL_API https://localhost:8443      WARDMAIL_CA .wardmail/tls/ca.pem
    WARDMAIL_USER, WARDMAIL_PASSWORD  WARDMAIL_WEBHOOK_SECRET whsec_…          DEMO_PORT 8444
    DEMO_CERTIFICATE, DEMO_KEY        (PEM files: a webhook must be reached by https)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import os
import smtplib
import ssl
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections import deque
from email.message import EmailMessage
from email.policy import SMTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SENDER = "app@demo.example"
TRUST = ssl.create_default_context(cafile=os.environ["WARDMAIL_CA"])
API = os.environ["WARDMAIL_API"]
USER, PASSWORD = os.environ["WARDMAIL_USER"], os.environ["WARDMAIL_PASSWORD"]
PORT = int(os.environ["DEMO_PORT"])

told: deque[dict[str, Any]] = deque(maxlen=20)
seen: deque[str] = deque(maxlen=1000)


def send_by_smtp(to: str) -> str:
    """The reply to the final dot says under which ID the gateway stored it: keep it with the letter."""
    letter = EmailMessage()
    letter["From"] = f"Discharge letters <{SENDER}>"
    letter["To"], letter["Subject"] = to, "Discharge letter"
    letter["Wardmail-Classification"] = "official-sensitive"
    letter.set_content("The patient may go home.\n")
    host, _, port = os.environ["WARDMAIL_SMTP"].partition(":")
    with smtplib.SMTP(host, int(port), timeout=30) as gateway:
        gateway.starttls(context=TRUST)  # with a context: without one, Python does not look whose certificate it is
        gateway.login(USER, PASSWORD)
        gateway.mail(SENDER)
        code, reply = gateway.rcpt(to)
        if code == 250:
            code, reply = gateway.data(letter.as_bytes(policy=SMTP))
    return f"{code} {reply.decode()}"


def send_by_api(to: str) -> str:
    """With an Idempotency-Key a request can be made again after any failure: the letter is sent once."""
    letter = {
        "from": SENDER,
        "to": [to],
        "subject": "Discharge letter",
        "text": "The patient may go home.",
        "classification": "official-sensitive",
    }
    return json.dumps(call("POST", "/v1/messages", letter, {"Idempotency-Key": str(uuid.uuid4())}), indent=2)


def collect() -> str:
    """What waits is fetched, kept, and only then acknowledged: a crash in between loses nothing."""
    waiting = call("GET", "/v1/inbound-messages?status=handing-over")["items"]
    lines = []
    for each in waiting:
        message = fetch(f"/v1/inbound-messages/{each['id']}/content")
        lines.append(f"{each['id']} from {each['from']}: {len(message)} octets, judged {each['verdict']}")
        call("POST", f"/v1/inbound-messages/{each['id']}/ack")
    return "\n".join(lines) or "Nothing waits. Bring a letter by the last line that `wardmail run` printed."


def call(method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:
    """What the API answered. A problem is an answer too: it has a code, says why, and what to do."""
    content = fetch(path, method, None if body is None else json.dumps(body).encode(), headers)
    return json.loads(content) if content else {}


def fetch(path: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    sent = {"Authorization": f"Bearer wmk_{USER}.{PASSWORD}", "Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(  # noqa: S310 (the address is our own setting)
        API + path, body, sent, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=30, context=TRUST) as answer:  # noqa: S310
            return bytes(answer.read())
    except urllib.error.HTTPError as problem:
        return problem.read()


def is_from_gateway(headers: Any, body: bytes) -> bool:
    """Standard Webhooks: the signature covers the ID, the time and the body; what is old may be a repetition."""
    name, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > 300:
        return False
    key = base64.b64decode(os.environ["WARDMAIL_WEBHOOK_SECRET"].removeprefix("whsec_"))
    proof = base64.b64encode(hmac.digest(key, f"{name}.{at}.".encode() + body, hashlib.sha256)).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(f"v1,{proof}", each) for each in given)


PAGE = """<!DOCTYPE html><html lang="en-GB"><meta charset="utf-8"><title>Discharge letters</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css">
<main><h1>Discharge letters</h1><p>A demo application. <a href="/source">Its source</a> is one file.</p>
<form method="post"><label for="to">Send a letter to</label><input id="to" name="to" value="clinic@example.nhs.uk">
<button name="do" value="smtp">Send by SMTP</button><button name="do" value="api">Send by the API</button>
<button name="do" value="inbound">Collect what came in</button><button name="do" value="events">What were we told?</button>
</form><h2>Answer</h2><pre tabindex="0">%s</pre></main></html>"""

STYLE = """body{font:1.1rem/1.5 Arial,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#212b32}
label{display:block}input,button{font:inherit;padding:.5rem;margin:.25rem .25rem .25rem 0;max-width:100%}
button{background:#007f3b;color:#fff;border:0;border-radius:4px}pre{background:#f0f4f5;padding:1rem;overflow:auto}"""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/style.css":
            self.answer(STYLE, "text/css")
        elif self.path == "/source":
            self.answer(Path(__file__).read_text(encoding="utf-8"), "text/plain")
        else:
            self.answer(PAGE % "Press a button.")

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 65_536))
        if self.path == "/events":
            self.be_told(body)
        elif self.headers.get("Origin") == f"https://{self.headers.get('Host')}":
            self.do_what_was_asked(urllib.parse.parse_qs(body.decode()))
        else:
            self.answer("That form was not sent from this page.", "text/plain", 403)

    def be_told(self, body: bytes) -> None:
        """Answer at once and with 2xx; an event may come again, and is known by its ID."""
        if not is_from_gateway(self.headers, body):
            return self.answer("The signature does not hold.", "text/plain", 401)
        if self.headers["webhook-id"] not in seen:
            seen.append(self.headers["webhook-id"])
            told.appendleft(json.loads(body))
        return self.answer("", "text/plain", 204)

    def do_what_was_asked(self, form: dict[str, list[str]]) -> None:
        to, what = form.get("to", [""])[0], form.get("do", [""])[0]
        try:
            if what == "smtp":
                said = send_by_smtp(to)
            elif what == "api":
                said = send_by_api(to)
            elif what == "inbound":
                said = collect()
            else:
                said = "\n".join(json.dumps(each) for each in told) or "Nothing yet."
        except (OSError, smtplib.SMTPException) as error:
            said = f"The gateway does not answer: {error}"
        self.answer(PAGE % html.escape(said))

    def answer(self, text: str, kind: str = "text/html", status: int = 200) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header(
            "Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'"
        )
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if status != 204:
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing: what is asked for may hold an address."""


def end_with_whoever_started_us() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    if "--until-input-ends" in sys.argv:
        threading.Thread(target=end_with_whoever_started_us, daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["DEMO_CERTIFICATE"], os.environ["DEMO_KEY"])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    main()
