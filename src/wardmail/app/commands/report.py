"""`wardmail report dmarc|tls`: what others report about our domains, taken in from files and summed up."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.domain_output import domain_named
from wardmail.app.domain_wiring import report_desk
from wardmail.app.failures import FINDINGS
from wardmail.app.installation import Installation
from wardmail.app.output import counted, emit, json_option, moment, note, note_of_more, say, table
from wardmail.app.report_output import day_words, intake_record, report_record, summary_record
from wardmail.assurance.report_reading import LARGEST
from wardmail.assurance.report_summary import DmarcSummary, Tally, TlsSummary
from wardmail.model.aggregate_report import KeptReport, ReportKind
from wardmail.model.person import Permission

_domain = click.option("--domain", default="", help="Of this domain of ours only.")
_limit = click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
_days = click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True)
_GOOD = {ReportKind.DMARC: ("Messages that pass", "that fail"), ReportKind.TLS: ("Sessions with TLS", "that failed")}


@click.group()
def command() -> None:
    """What others report about our domains: who sends in our name, and where TLS fails."""


@command.group()
def dmarc() -> None:
    """DMARC aggregate reports (RFC 9990)."""


@command.group()
def tls() -> None:
    """TLS reports (RFC 8460)."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@by_option
@json_option
@click.pass_obj
def import_(config_path: str | None, *, files: tuple[Path, ...], by: str, as_json: bool) -> None:
    """Take in reports from FILES: XML or JSON, packed or not, or whole messages. Each report counts once."""
    installation = Installation.at(config_path)
    actor, desk = acting_person(installation, by, Permission.MANAGE_LISTS), report_desk(installation)
    all_good = True
    for file in files:
        with file.open("rb") as opened:
            intake = asyncio.run(desk.take_file(opened.read(LARGEST + 1), actor.id))
        all_good = all_good and not intake.refused
        if as_json:
            emit(intake_record(str(file), intake))
            continue
        say(f"{file}: {len(intake.kept)} new, {intake.known} known already.")
        for why in intake.refused:
            note(f"  refused: {why}")
    if not all_good:
        sys.exit(FINDINGS)


for _group in (dmarc, tls):
    _group.add_command(import_)


@dmarc.command("list")
@_domain
@_days
@_limit
@json_option
@click.pass_obj
def list_dmarc(config_path: str | None, *, domain: str, days: int, limit: int, as_json: bool) -> None:
    """The reports that are kept, the newest first."""
    _list(_kept(config_path, ReportKind.DMARC, domain, days, limit), as_json)


@tls.command("list")
@_domain
@_days
@_limit
@json_option
@click.pass_obj
def list_tls(config_path: str | None, *, domain: str, days: int, limit: int, as_json: bool) -> None:
    """The reports that are kept, the newest first."""
    _list(_kept(config_path, ReportKind.TLS, domain, days, limit), as_json)


@dmarc.command("summary")
@_domain
@_days
@json_option
@click.pass_obj
def summary_dmarc(config_path: str | None, *, domain: str, days: int, as_json: bool) -> None:
    """Who sent in our name, and what passed: all reports whose sender is proved, added up."""
    desk = report_desk(Installation.at(config_path))
    found = desk.dmarc(domain_named(domain) if domain else "", days)
    if as_json:
        emit(summary_record(found))
        return
    _say_summary(found, ReportKind.DMARC)
    if found.reports:
        say()
        table(("Sent by", "Passed", "Failed"), [(name, each.good, each.bad) for name, each in found.sources])


@tls.command("summary")
@_domain
@_days
@json_option
@click.pass_obj
def summary_tls(config_path: str | None, *, domain: str, days: int, as_json: bool) -> None:
    """How often others reached us over TLS, and why not: all reports whose sender is proved, added up."""
    desk = report_desk(Installation.at(config_path))
    found = desk.tls(domain_named(domain) if domain else "", days)
    if as_json:
        emit(summary_record(found))
        return
    _say_summary(found, ReportKind.TLS)
    if found.reports:
        say()
        table(("Failure", "Server", "Sessions"), found.failures)


def _kept(config_path: str | None, kind: ReportKind, domain: str, days: int, limit: int) -> Sequence[KeptReport]:
    """Page by page: of large reports there are few in one."""
    desk, name = report_desk(Installation.at(config_path)), domain_named(domain) if domain else ""
    page = desk.kept(kind, name, days, limit)
    found = [*page.reports]
    while page.following and len(found) < limit:
        page = desk.kept(kind, name, days, limit - len(found), page.following)
        found += page.reports
    if page.following:
        note_of_more(len(found))
    return found


def _list(kept: Sequence[KeptReport], as_json: bool) -> None:
    if as_json:
        for each in kept:
            emit(report_record(each))
        return
    rows = [
        (each.report.domain, each.report.reporter, moment(each.report.ended), each.standing.value, each.proof or "-")
        for each in kept
    ]
    table(("Domain", "Reporter", "Until", "Standing", "Proved sender"), rows)


def _say_summary(found: DmarcSummary | TlsSummary, kind: ReportKind) -> None:
    good, bad = _GOOD[kind]
    say(f"{good}: {found.total.good:,}; {bad}: {found.total.bad:,}; from {counted(found.reports, 'report')}.")
    if found.claimed:
        note(f"{found.claimed:,} more reports are claims that nobody has proved: they are counted in nothing.")
    if found.is_cut:
        note("There were too many reports to add them all up: these are the newest.")
    if not found.reports:
        note("Reports come by a handover of kind `reports`, or from files by `import`.")
        return
    lines: list[tuple[str, Tally]] = [(day_words(day), each) for day, each in found.days]
    table(("Day", good, bad), [(name, each.good, each.bad) for name, each in lines])
    say()
    table(("Reporter", good, bad), [(name, each.good, each.bad) for name, each in found.reporters])
