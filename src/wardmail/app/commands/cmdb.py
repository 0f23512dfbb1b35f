"""`wardmail cmdb`: the register as a CMDB takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.failures import FINDINGS, USAGE, CommandFailed, not_found
from wardmail.app.installation import Installation, usable
from wardmail.app.output import emit, json_option, note, progress, say
from wardmail.manage.cmdb import NotPushed, Pushed, correlation_of, push, read_map, to_csv, values_of
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.person import Permission

if TYPE_CHECKING:
    from wardmail.edges.servicenow import ServiceNow


@click.group()
def command() -> None:
    """The CMDB: put integrations into ServiceNow, or export them."""


@command.command()
@click.argument("names", nargs=-1)
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@json_option
@click.pass_obj
def export(config_path: str | None, names: tuple[str, ...], form: str, as_json: bool) -> None:
    """Print integrations under the CMDB's field names: all that are not drafts, or those that are named."""
    installation = Installation.at(config_path)
    rows = [_values(installation, each) for each in _chosen(installation, names)]
    if as_json or form == "json":
        for row in rows:
            emit(row)
    elif rows:
        click.echo(to_csv(rows), nl=False)


@command.command("push")
@click.argument("names", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Ask the CMDB what it would do, and leave it at that.")
@click.option("--adopt", is_flag=True, help="Take over records that are there and carry nobody's correlation ID.")
@by_option
@json_option
@click.pass_obj
def push_(
    config_path: str | None, names: tuple[str, ...], *, dry_run: bool, adopt: bool, by: str, as_json: bool
) -> None:
    """Put integrations into ServiceNow by identification and reconciliation. Exit status 3 when one could not be."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.RUN_INTEGRATIONS).id
    cmdb, chosen, tell = _service_now(installation), _chosen(installation, names), progress("integrations")
    refused = False

    async def run() -> None:
        nonlocal refused
        for done, each in enumerate(chosen, 1):
            outcome = await _push(installation, cmdb, each, dry_run=dry_run, adopt=adopt)
            if isinstance(outcome, NotPushed):
                refused = True
            elif not dry_run:
                _record(installation, outcome, actor)  # at once: the next one may fail
            _tell(outcome, dry_run=dry_run, as_json=as_json)
            tell(done, len(chosen))

    asyncio.run(run())
    if refused:
        raise SystemExit(FINDINGS)


async def _push(
    installation: Installation, cmdb: ServiceNow, integration: Integration, *, dry_run: bool, adopt: bool
) -> Pushed | NotPushed:
    values = _values(installation, integration)
    correlation = correlation_of(integration, installation.settings["gateway.hostname"])
    return await push(cmdb, integration, values, correlation, dry_run=dry_run, adopt=adopt)


def _record(installation: Installation, pushed: Pushed, actor: str) -> None:
    from wardmail.model.register import Change

    def change(records: Mapping[str, Integration]) -> Integration | None:
        record = records.get(pushed.integration)
        if record is None:
            return None
        where = replace(record.registration, cmdb_sys_id=pushed.sys_id, cmdb_at=installation.clock.now())
        return replace(record, registration=where)

    made = Change("CmdbPushed", actor, f"{pushed.operation} {pushed.sys_id}")
    installation.register.change_integration(pushed.integration, change, made)


def _tell(outcome: Pushed | NotPushed, *, dry_run: bool, as_json: bool) -> None:
    if isinstance(outcome, NotPushed):
        if as_json:
            emit({"integration": outcome.integration, "pushed": False, "why": outcome.reason})
        else:
            note(f"{outcome.integration}: not pushed: {outcome.reason}. [WM-CMDB-REFUSED]")
    elif as_json:
        emit(
            {
                "integration": outcome.integration,
                "pushed": not dry_run,
                "operation": outcome.operation,
                "sys_id": outcome.sys_id or None,
            }
        )
    else:
        words = "would be" if dry_run else "is"
        say(f"{outcome.integration}: {words} {outcome.operation} {outcome.sys_id}".rstrip())


def _chosen(installation: Installation, names: tuple[str, ...]) -> list[Integration]:
    """What is retired stays in the CMDB, as retired, when it has been there."""
    found = installation.register.snapshot().integrations
    for name in names:
        if name not in found:
            raise not_found("integration", name, "wardmail integration list")
    if names:
        return [found[name] for name in names]
    return [
        each
        for each in found.values()
        if each.state is not IntegrationState.DRAFT
        and (each.state is not IntegrationState.RETIRED or each.registration.cmdb_sys_id)
    ]


def _values(installation: Installation, integration: Integration) -> dict[str, str]:
    fields = usable(read_map(installation.settings["cmdb.fields"]), "WM-CONFIG-CMDB")
    return values_of(integration, fields, installation.settings["gateway.hostname"])


def _service_now(installation: Installation) -> ServiceNow:
    from wardmail.edges.keys import KeystoreSecrets
    from wardmail.edges.servicenow import ServiceNow, ServiceNowSettings
    from wardmail.model.route import OAuthClient

    settings: Any = installation.settings
    instance = settings["cmdb.instance"].rstrip("/")
    fields = dict((ours, theirs) for theirs, ours in usable(read_map(settings["cmdb.fields"]), "WM-CONFIG-CMDB"))
    known = settings["cmdb.auth"] in {"oauth", "basic"}
    if not instance.startswith("https://") or not settings["cmdb.secret"] or not settings["cmdb.user"] or not known:
        raise CommandFailed(
            "WM-CONFIG-CMDB",
            "The CMDB is not set up.",
            "Set cmdb.instance (https://…), cmdb.auth (oauth or basic), cmdb.user and cmdb.secret.",
            USAGE,
        )
    endpoint = settings["cmdb.token_endpoint"] or f"{instance}/oauth_token.do"
    oauth = OAuthClient(endpoint, settings["cmdb.user"], settings["cmdb.secret"], "")
    return ServiceNow(
        ServiceNowSettings(
            instance=instance,
            class_name=settings["cmdb.class"],
            source=settings["cmdb.source"],
            correlation_field=fields["correlation"],
            user=settings["cmdb.user"],
            secret_ref=settings["cmdb.secret"],
            oauth=oauth if settings["cmdb.auth"] != "basic" else None,
            ca_file=settings["cmdb.ca_file"] or None,
        ),
        KeystoreSecrets(installation.keystore),
        installation.clock,
    )
