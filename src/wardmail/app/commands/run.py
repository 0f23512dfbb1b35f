"""`wardmail run`: a working gateway in one command, on this machine alone."""

from __future__ import annotations

from pathlib import Path

import click

_PORT = click.IntRange(1, 65_535)


@click.command()
@click.option(
    "--directory",
    type=click.Path(path_type=Path),
    default=Path(".wardmail"),
    show_default=True,
    help="Where it keeps its state.",
)
@click.option("--port", type=_PORT, default=1025, show_default=True, help="SMTP with STARTTLS.")
@click.option("--tls-port", type=_PORT, default=1465, show_default=True, help="SMTP with TLS from the first byte.")
@click.option("--receive-port", type=_PORT, default=2525, show_default=True, help="SMTP for other mail servers.")
@click.option("--https-port", type=_PORT, default=8443, show_default=True, help="The pages and the API.")
@click.option("--demo-port", type=_PORT, default=8444, show_default=True, help="The demo application.")
@click.option("--examples/--no-examples", default=True, show_default=True, help="Begin with example messages.")
def command(
    directory: Path, *, port: int, tls_port: int, receive_port: int, https_port: int, demo_port: int, examples: bool
) -> None:
    """Start a sandbox: a gateway on loopback, a demo integration, and a route that keeps all mail on this machine."""
    from wardmail.app import logs
    from wardmail.app.free_ports import require_free_ports
    from wardmail.app.heartbeats import beating
    from wardmail.app.installation import Installation
    from wardmail.app.only_one import only_one
    from wardmail.app.roles import run_worker
    from wardmail.app.sandbox import SandboxPorts, make_sandbox, sandbox_directory
    from wardmail.app.sandbox_demo import demo_application
    from wardmail.app.sandbox_messages import send_examples
    from wardmail.app.sandbox_welcome import welcome
    from wardmail.edges.sandbox_names import SandboxNames
    from wardmail.edges.smtp_listener import SmtpListener
    from wardmail.edges.tls import CertificateFiles

    directory = sandbox_directory(directory)
    with only_one(directory):  # before anything is changed: a second one would take the first one's passwords away
        names = SandboxNames()
        names.start()
        ports = SandboxPorts(port, tls_port, receive_port, https_port, demo_port)
        sandbox = make_sandbox(directory, ports, names.address)
        require_free_ports(sandbox.settings, demo_port)
        logs.configure("warning", "logfmt")  # what happens to messages is told by trace and on pages
        installation = Installation(sandbox.settings)
        beat = beating(installation.workers.beats, 0)

        async def greet(listener: SmtpListener) -> None:
            await beat(listener)
            if examples and sandbox.is_new:
                send_examples(sandbox)
            for line in welcome(sandbox):
                click.echo(line)

        certificates = CertificateFiles(sandbox.certificate.certificate, sandbox.certificate.key)
        with demo_application(sandbox):
            run_worker(installation, 0, certificates, greet)
