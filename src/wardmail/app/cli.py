"""The root of the command line: finds a command's file only when the command is called, so that help is quick."""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import Any

import click

from wardmail import __version__
from wardmail.app.failures import FAILED, TRY_LATER, USAGE, CommandFailed

COMMANDS = {
    "init": "Set up an installation: settings, database, keystore.",
    "run": "Start a sandbox on this machine: nothing leaves it.",
    "sandbox": "Make the sandbox's receivers misbehave.",
    "serve": "Run the gateway.",
    "ready": "Does the gateway do its work? For containers and scripts.",
    "status": "What waits, for how long, and whether the gateway is ready.",
    "backup": "Backups of the whole installation: create, verify, restore.",
    "doctor": "Check this installation, and say what to do.",
    "check": "Is it safe to e-mail these addresses?",
    "verify": "Who sent this message? SPF, DKIM, ARC, DMARC.",
    "scan": "What is in a message, and what would be done with it.",
    "send": "Send a message, or see what would happen to it.",
    "trace": "What happened to a message, and why.",
    "messages": "Messages that were sent: list, body, headers, resend, evidence.",
    "hold": "Held messages: list, show, release, cancel.",
    "queue": "Waiting messages: list, flush, retry, hold, delete, shape.",
    "integration": "Integrations, their records and their credentials.",
    "cmdb": "Integrations in the CMDB.",
    "route": "Routes to upstream services.",
    "source": "Sources of mail that comes in: add, check, pause, reconcile.",
    "inbound": "Mail that came in: list, show, fetch, acknowledge, hand over again.",
    "handover": "How each integration gets its mail, and what it wants to be kept from.",
    "quarantine": "Mail that is kept back: list, show, release, delete.",
    "webhook": "Where programs are told of what happens to their mail.",
    "limits": "Ceilings, mass mail and circuit breakers: show, set, resume.",
    "suppression": "Addresses that mail must not go to: list, add, remove, import, export, check, report.",
    "domain": "Our own domains and others': keys, DNS records, looks from outside.",
    "report": "DMARC and TLS reports of others about our domains: import, list, summary.",
    "agreement": "Sharing agreements with other organisations.",
    "appetite": "How much risk sharing may take.",
    "policy": "The rules: recite, explain, simulate, change.",
    "lists": "Lists of accredited organisations.",
    "secret": "Secrets: where they are, how old, used by what.",
    "keys": "The master key and the data keys.",
    "retention": "How long content is kept, and legal holds.",
    "person": "People and their roles.",
    "evidence": "Packs for assessors and incidents; subject access.",
    "connections": "Every way in and out, and how it is secured.",
    "audit": "The tamper-evident log.",
    "export": "All records as one TOML file.",
    "apply": "Make the records as a TOML file has them.",
    "config": "Settings.",
}


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"wardmail.app.commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Every failure ends as words on stderr and a status; a traceback would be a fault of ours."""
        try:
            return super().invoke(ctx)
        except CommandFailed as failure:
            _tell(failure)
            raise SystemExit(failure.status) from None
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            of = error.ctx or ctx
            _tell(
                CommandFailed("WM-USAGE", _one_line(error.format_message()), f"See `{of.command_path} --help`.", USAGE)
            )
            raise SystemExit(USAGE) from None
        except Exception as error:
            if isinstance(error, click.ClickException | click.exceptions.Exit | click.Abort):
                raise
            from wardmail.model.refusal import Unavailable

            if isinstance(error, Unavailable):
                _tell(CommandFailed("WM-UNAVAILABLE", f"{error}.", "Run `wardmail doctor`.", TRY_LATER))
                raise SystemExit(TRY_LATER) from None
            if isinstance(error, BrokenPipeError):
                raise SystemExit(FAILED) from None
            raise


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _tell(failure: CommandFailed) -> None:
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": failure.code, "what": failure.what, "to_do": failure.to_do}), err=True)
    else:
        click.echo(f"{failure.what}\n{failure.to_do}\n[{failure.code}]", err=True)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wardmail")
@click.option("--config", "config_path", type=click.Path(), help="Settings file (else $WARDMAIL_CONFIG, else /etc).")
@click.pass_context
def cli(ctx: click.Context, config_path: str | None) -> None:
    """The secure e-mail gateway for business applications in health, care and government."""
    os.umask(0o077)  # databases, spools and locks are nobody else's, whatever the shell says
    ctx.obj = config_path
