"""`wardmail serve`: the gateway itself."""

from __future__ import annotations

from pathlib import Path

import click

from wardmail.app.failures import CommandFailed


@click.command()
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes (default: one for each processor).")
@click.pass_obj
def command(config_path: str | None, workers: int | None) -> None:
    """Run the gateway until SIGTERM. SIGHUP reads the certificates again."""
    from wardmail.app import logs
    from wardmail.app.free_ports import require_free_ports
    from wardmail.app.heartbeats import beating
    from wardmail.app.inbound_wiring import require_usable_receiving
    from wardmail.app.installation import Installation, Workers
    from wardmail.app.only_one import only_one
    from wardmail.app.settings import load
    from wardmail.app.supervisor import Supervisor
    from wardmail.app.tally import Tally
    from wardmail.app.wiring import require_usable
    from wardmail.edges.tls import CertificateFiles

    flags = {"gateway.workers": workers} if workers else {}
    settings = load(Path(config_path) if config_path else None, flags=flags)
    logs.configure(settings["log.level"], settings["log.format"])
    if not settings["tls.certificate"] or not settings["tls.key"]:
        raise CommandFailed(
            "WM-TLS-NOT-SET",
            "The gateway has no certificate.",
            "Set tls.certificate and tls.key; there is no plain service.",
        )
    require_usable(settings)
    require_usable_receiving(settings)
    installation = Installation(settings)
    installation.check()
    certificates = CertificateFiles(Path(settings["tls.certificate"]), Path(settings["tls.key"]))

    def work(slot: int) -> None:
        # Opened after the fork: a database connection must not be shared between processes.
        from wardmail.app.roles import run_worker

        workers = Workers(tally, supervisor.beats, slot)
        run_worker(
            Installation(settings, installation.master, workers), slot, certificates, beating(workers.beats, slot)
        )

    from wardmail.app import roles  # noqa: F401 (imported once, before the fork, so that the workers share its memory)

    if settings["listen.https"]:
        from wardmail.app.web_wiring import networks
        from wardmail.web.api import building  # noqa: F401 (as above)

        for key in ("pages.check_networks", "metrics.networks"):
            networks(settings, key)

    with only_one(settings.data):
        require_free_ports(settings)
        tally = Tally(settings.workers)
        supervisor = Supervisor(settings.workers, work)
        raise SystemExit(supervisor.run())
