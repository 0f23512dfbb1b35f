"""Gathers what an evidence pack is made from, and writes the pack with a signed list of its files."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from wardmail import __version__
from wardmail.app.audit_heads import broken_heads
from wardmail.app.evidence_about import about_message
from wardmail.app.failures import CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.wiring import register_view
from wardmail.edges.audit_heads import HeadSigner
from wardmail.manage import evidence_of_message
from wardmail.manage.document_text import Page, to_html
from wardmail.manage.evidence_packs import PackKind, pack
from wardmail.manage.evidence_tables import day_of
from wardmail.model.evidence import Door, Evidence, ListAge, Period
from wardmail.model.message_evidence import MessageEvidence
from wardmail.model.person import Person
from wardmail.model.stored import Event
from wardmail.store.chain import EventChain, head_of, verify
from wardmail.store.evidence import StoreEvidence
from wardmail.store.evidence_of_arrivals import ArrivalEvidence
from wardmail.store.records import to_plain


def gather(installation: Installation, period: Period, by: Person) -> Evidence:
    """Everything is read once. The whole audit is walked: a pack from a broken chain says so."""
    store, now = StoreEvidence(installation.database), installation.clock.now()
    inbound, view = ArrivalEvidence(installation.database), register_view(installation)
    snapshot = view.snapshot
    report = verify(installation.database)
    broken = report.why or "; ".join(broken_heads(installation))
    seq, digest = head_of(installation.database)
    routes = sorted(snapshot.routes)
    return Evidence(
        hostname=installation.settings["gateway.hostname"],
        location=installation.settings["gateway.location"],
        software=f"Wardmail {__version__}",
        by=by.name,
        at=now,
        period=period,
        head=HeadSigner(installation.keystore).sign(day_of(now).isoformat(), seq, digest, now),
        chain=f"broken: {broken}" if broken else "holds",
        doors=doors(installation),
        register=snapshot,
        states={each.id: view.state_of(each) for each in snapshot.integrations.values()},
        people=installation.people.all(),
        policies=tuple(installation.policies.all()),
        statements=installation.agreements.statements(),
        lists=tuple(
            ListAge(each.name, each.version, each.imported_at, each.imported_by, each.entries)
            for each in installation.register.list_versions()[:20]
        ),
        outcomes=tuple(store.outcomes(period)),
        destinations=tuple(store.destinations(period)),
        protections=tuple(store.protections(period)),
        refusals=tuple(store.refusals(period)),
        closed_holds=tuple(store.closed_holds(period)),
        open_holds=tuple(store.open_holds()),
        links=tuple(store.links(routes)),
        events=tuple(store.events(period)),
        arrivals=tuple(inbound.arrivals(period)),
        inbound_decisions=tuple(inbound.decisions(period)),
    )


def page_of(installation: Installation, kind: PackKind, period: Period, message_id: str, actor: Person) -> Page:
    """`message_id` may be empty. Raises CommandFailed when there is no such message."""
    about = about_message(installation, message_id) if message_id else ()
    return pack(kind, gather(installation, period, actor), about)


@dataclass(frozen=True, slots=True)
class Pack:
    """Its files by name: the page as HTML and JSON, and a manifest with the hash of each, signed.

    `about`: the one message that all of it is about, whose history then says that it was taken.
    """

    name: str
    files: Mapping[str, bytes]
    hashes: Mapping[str, str]
    about: str | None = None


def pack_of(installation: Installation, kind: str, page: Page) -> Pack:
    return _signed(installation, kind, page, to_plain(page))


def pack_of_message(installation: Installation, evidence: MessageEvidence) -> Pack:
    message_id = evidence.record.message.id
    page, record = evidence_of_message.page_of(evidence), evidence_of_message.record_of(evidence)
    return replace(_signed(installation, f"message-{message_id}", page, record), about=message_id)


def _signed(installation: Installation, what: str, page: Page, record: object) -> Pack:
    stamp = datetime.fromtimestamp(installation.clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{what}-{stamp}"
    files = {
        f"{name}.html": to_html(page).encode(),
        f"{name}.json": (json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode(),
    }
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    signer = HeadSigner(installation.keystore)
    signed = json.dumps(hashes, sort_keys=True).encode()
    manifest = {"files": hashes, "key": signer.public_key, "signature": signer.sign_bytes(signed)}
    files[f"{name}.manifest.json"] = (json.dumps(manifest, indent=1) + "\n").encode()
    return Pack(name, files, hashes)


def archived(made: Pack) -> bytes:
    """Its files as a ZIP archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in made.files.items():
            opened.writestr(name, content)
    return archive.getvalue()


def write_pack(installation: Installation, directory: Path, made: Pack, actor: str, reason: str) -> list[Path]:
    """Raises CommandFailed."""
    _write(directory, made.files)
    note_taken(installation, made, actor, reason)
    return [directory / file for file in made.files]


def note_taken(installation: Installation, made: Pack, actor: str, reason: str) -> None:
    detail: dict[str, object] = {"reason": reason, "files": dict(made.hashes)}
    event = Event("EvidenceTaken", installation.clock.now(), actor, made.about, made.name, detail)
    with installation.database.write() as connection:
        EventChain(installation.database).append(connection, [event])


def _write(directory: Path, files: Mapping[str, bytes]) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file, content in files.items():
            with (directory / file).open("xb") as opened:
                opened.write(content)
    except FileExistsError as error:
        raise CommandFailed(
            "WM-EVIDENCE-EXISTS", f"{error.filename} exists, and evidence is not overwritten.", "Say another --out."
        ) from error
    except OSError as error:
        raise CommandFailed(
            "WM-EVIDENCE-WRITE", f"{directory} cannot be written: {error.strerror}.", "Say another --out."
        ) from error


def doors(installation: Installation) -> tuple[Door, ...]:
    settings = installation.settings
    listeners = [
        Door(text, mode)
        for key, mode in (("listen.submissions", "from the first byte"), ("listen.submission", "by STARTTLS"))
        for text in settings[key]
    ]
    receivers = [
        Door(text, "by STARTTLS before MAIL", "none: for known recipients only") for text in settings["receive.listen"]
    ]
    sources = installation.register.snapshot().sources.values()
    exceptions = [
        Door(f"{source.name}: {each.network}", f"or none until {each.until.isoformat()}: {each.why}", "none")
        for source in sources
        for each in (source.smtp.plain_peers if source.smtp else ())
    ]
    mailboxes = [
        Door(
            f"{source.name}: {account.username} at {account.host}",
            "from the first byte, name verified",
            "OAuth 2.0" if account.oauth else "password",
        )
        for source in sources
        if (account := source.mailbox) is not None
    ]
    return (*listeners, *receivers, *exceptions, *mailboxes)
