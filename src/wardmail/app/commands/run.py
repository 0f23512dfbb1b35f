"""`wardmail run`: a working gateway in one command, on this machine alone."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=Path(".wardmail"),
    show_default=True,
    help="Where it keeps its state.",
)
@click.option("--port", type=click.IntRange(1, 65_535), default=1025, show_default=True, help="SMTP with STARTTLS.")
@click.option(
    "--tls-port",
    type=click.IntRange(1, 65_535),
    default=1465,
    show_default=True,
    help="SMTP with TLS from the first byte.",
)
@click.option(
    "--https-port", type=click.IntRange(1, 65_535), default=8443, show_default=True, help="The pages and the API."
)
def command(directory: Path, port: int, tls_port: int, https_port: int) -> None:
    """Start a sandbox: SMTP on loopback, a demo integration, and a route that keeps all mail on this machine."""
    from wardmail.app import logs
    from wardmail.app.free_ports import require_free_ports
    from wardmail.app.heartbeats import beating
    from wardmail.app.installation import Installation
    from wardmail.app.only_one import only_one
    from wardmail.app.roles import run_worker
    from wardmail.app.sandbox import make_sandbox, welcome
    from wardmail.edges.smtp_listener import SmtpListener
    from wardmail.edges.tls import CertificateFiles

    sandbox = make_sandbox(directory, port, tls_port, https_port)
    logs.configure("info", "logfmt")
    certificates = CertificateFiles(sandbox.certificate.certificate, sandbox.certificate.key)

    installation = Installation(sandbox.settings)
    beat = beating(installation.workers.beats, 0)

    async def greet(listener: SmtpListener) -> None:
        await beat(listener)
        for line in welcome(sandbox, port, tls_port, https_port):
            click.echo(line)

    with only_one(sandbox.settings.data):
        require_free_ports(sandbox.settings)
        run_worker(installation, 0, certificates, greet)
