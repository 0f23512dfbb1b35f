"""`wardmail domain list|add|remove|check|evidence|history|spf-tree`: domains on record, and how they look from outside."""

from __future__ import annotations

import asyncio
import sys
from datetime import date
from typing import IO

import click

from wardmail.app.acting import acting_person, by_option
from wardmail.app.domain_listing import all_domains
from wardmail.app.domain_output import (
    assurance_record,
    domain_named,
    done,
    known_record,
    looked,
    report_page,
    report_record,
    seen_last,
    tree_record,
)
from wardmail.app.domain_wiring import domain_book_desk, domain_desk, ours_of
from wardmail.app.failures import FINDINGS, not_found
from wardmail.app.installation import Installation
from wardmail.app.output import at_most, day_option, emit, json_option, moment, note, say, table
from wardmail.manage.signing_keys import named_selectors
from wardmail.model.own_domain import AssuranceKind, DomainReport
from wardmail.model.person import Permission


@click.command()
@click.argument("domain")
@click.option("--others", is_flag=True, help="It is another organisation's, and is only looked at.")
@click.option("--note", "words", default="", help="Why it is on record.")
@by_option
@json_option
@click.pass_obj
def add(config_path: str | None, *, domain: str, others: bool, words: str, by: str, as_json: bool) -> None:
    """Put DOMAIN on record as ours, also before anything sends from it; reports about it are then taken in."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_LISTS)
    added = done(domain_book_desk(installation).add(actor, domain, is_ours=not others, note=words))
    emit(known_record(added)) if as_json else say(f"{added.name} is on record{' as another’s' if others else ''}.")


@click.command("list")
@json_option
@click.pass_obj
def list_(config_path: str | None, as_json: bool) -> None:
    """List every domain: those that integrations send as, that have a key, or that are on record."""
    records = all_domains(Installation.at(config_path))
    if as_json:
        for each in records:
            emit(each)
        return
    if not records:
        note("There is no domain yet: `wardmail domain add`, or register an integration.")
        return
    rows = [
        (each["domain"], "ours" if each["ours"] else "another's", each["signing_keys"], each["note"] or "-")
        for each in records
    ]
    table(("Domain", "Whose", "Keys that sign", "Note"), rows)


@click.command()
@click.argument("domain")
@by_option
@json_option
@click.pass_obj
def remove(config_path: str | None, *, domain: str, by: str, as_json: bool) -> None:
    """Take DOMAIN off the record. Its keys, and what was found when it was looked at, stay."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_LISTS)
    name = domain_named(domain)
    if not done(domain_book_desk(installation).remove(actor, name)):
        raise not_found("domain", name, "wardmail domain list")
    emit({"domain": name, "removed": True}) if as_json else say(f"{name} is on record no more.")


@click.command()
@click.argument("domain")
@click.option(
    "--selector",
    "selectors",
    multiple=True,
    help="Where to look for a DKIM key of another's, besides the usual names. Again for more.",
)
@click.option("--html", "page", type=click.File("w", lazy=True), help="Write it to this file too, as a page.")
@json_option
@click.pass_obj
def check(
    config_path: str | None, *, domain: str, selectors: tuple[str, ...], page: IO[str] | None, as_json: bool
) -> None:
    """Look at DOMAIN from outside now, ours or another's; what is found is kept.

    Exit 3 when something is to be fixed, or could not be told.

    Its mail servers are tried as a sender would, and nothing is sent: STARTTLS, TLS versions, certificate, DANE.
    """
    installation = Installation.at(config_path)
    name = domain_named(domain)
    named = done(named_selectors(selectors))
    is_ours = name in ours_of(installation)
    report = looked(asyncio.run(domain_desk(installation).verify(name, is_ours=is_ours, selectors=named)), name)
    record = report_record(report)
    if page is not None:
        known = domain_book_desk(installation).all().get(name)
        page.write(report_page(report, known, installation.clock.now()))
    if as_json:
        emit(record)
    else:
        _show(report)
    if not record["good"]:
        sys.exit(FINDINGS)


@click.command()
@click.argument("domain")
@click.option("--kind", type=click.Choice([each.value for each in AssuranceKind]), required=True)
@click.option("--reference", required=True, help="Where the evidence is kept: a certificate's number, a document.")
@day_option("--until", required=True, help="The last day on which it counts, as 2027-03-31.")
@by_option
@json_option
@click.pass_obj
def evidence(
    config_path: str | None, *, domain: str, kind: str, reference: str, until: date, by: str, as_json: bool
) -> None:
    """Record what DOMAIN's organisation shows besides: ISO 27001, a penetration test, DSPT. The domain is on record."""
    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.MANAGE_LISTS)
    name, desk = domain_named(domain), domain_book_desk(installation)
    made = desk.record_assurance(actor, name, AssuranceKind(kind), reference, until)
    if made is None:
        raise not_found("domain", name, f"wardmail domain add {name} --others")
    for each in done(made).assurances:
        record = assurance_record(each, installation.clock.now())
        emit(record) if as_json else say(f"{each.kind.value}: {each.reference}, until {each.until.isoformat()}")


@click.command()
@click.argument("domain")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@json_option
@click.pass_obj
def history(config_path: str | None, *, domain: str, limit: int, as_json: bool) -> None:
    """What was found whenever somebody looked at DOMAIN, the newest first."""
    name = domain_named(domain)
    reports = at_most(limit, asyncio.run(domain_desk(Installation.at(config_path)).history(name, limit + 1)))
    if as_json:
        for each in reports:
            emit(report_record(each))
        return
    if not reports:
        note(f"Nobody has looked at {name} yet.")
    for each in reports:
        _show(each)
        say()


@click.command("spf-tree")
@click.argument("domain")
@json_option
@click.pass_obj
def spf_tree(config_path: str | None, domain: str, as_json: bool) -> None:
    """The SPF record of DOMAIN with all that it includes, as it was seen last, and what it costs receivers."""
    name = domain_named(domain)
    report = seen_last(asyncio.run(domain_desk(Installation.at(config_path)).history(name, 1)), name)
    if as_json:
        emit(tree_record(report))
        return
    note(f"As it was at {moment(report.checked_at)}.")
    for each in report.spf:
        problem = f"  ({each.problem})" if each.problem else ""
        say(f"{'  ' * each.depth}{each.term}  {each.lookups or ''}".rstrip() + problem)


def _show(report: DomainReport) -> None:
    say(f"{report.domain} at {moment(report.checked_at)}")
    headings = ("Check", "Result", "What was found", "What to do")
    table(headings, [(each.check, each.verdict.value, each.found, each.to_do or "-") for each in report.findings])
