"""The checks behind `wardmail doctor`: each gives findings in plain words, with what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from wardmail.app.audit_heads import broken_heads
from wardmail.app.diagnosis_of_domains import domains
from wardmail.app.diagnosis_of_log_in import log_in
from wardmail.app.diagnosis_of_receiving import receiving
from wardmail.app.diagnosis_of_secrets import retention, secrets
from wardmail.app.failures import CommandFailed
from wardmail.app.finding import Finding, Grade
from wardmail.app.installation import Installation
from wardmail.app.output import counted
from wardmail.app.register_diagnosis import check_register
from wardmail.app.settings import Settings
from wardmail.edges.certificate_facts import certificate_facts
from wardmail.edges.relay_probe import probe_relay
from wardmail.edges.tls import CertificateFiles
from wardmail.manage import routes
from wardmail.model.refusal import Unavailable
from wardmail.model.register import RegisterSnapshot
from wardmail.model.route import RouteKind
from wardmail.policy.completeness import HOME
from wardmail.policy.list_age import list_ending
from wardmail.store.chain import verify

_SOON = 30 * 86_400
_LEAST_FREE = 2 * 1024**3


def diagnose(settings: Settings) -> Iterator[Finding]:
    """Every check runs, whatever the others found; one that breaks is a fault of its own."""
    installation = Installation(settings)
    checks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("Settings", lambda: _settings(settings)),
        ("Location", lambda: _location(settings)),
        ("Disk", lambda: _disk(settings)),
        ("Secrets", lambda: secrets(installation)),
        ("Database", lambda: _database(installation)),
        ("Certificate", lambda: _certificate(settings, installation.clock.now())),
        ("Routes", lambda: _routes(installation.register.snapshot(), installation.clock.now())),
        ("Integrations", lambda: check_register(installation)),
        ("Credentials", lambda: _credentials(installation.register.snapshot(), installation.clock.now())),
        ("Signing", lambda: _signing(installation)),
        ("Domains", lambda: domains(installation)),
        ("Accredited list", lambda: _list_age(installation)),
        ("Waiting", lambda: _waiting(installation)),
        ("Receiving", lambda: receiving(installation)),
        ("Log-in", lambda: log_in(installation)),
        ("Retention", lambda: retention(installation)),
        ("Closed relay", lambda: _relay(settings)),
    )
    for name, check in checks:
        try:
            yield from check()
        except (CommandFailed, Unavailable, OSError) as error:
            to_do = error.to_do if isinstance(error, CommandFailed) else "Mend that first; then run doctor again."
            what = error.what if isinstance(error, CommandFailed) else f"{error}."
            yield Finding(name, "fault", what, to_do)


def _settings(settings: Settings) -> Iterator[Finding]:
    from wardmail.app.wiring import require_usable

    require_usable(settings)
    yield Finding("Settings", "good", "they can be used")
    if settings.clock_ahead:
        days = settings["gateway.clock_ahead_days"]
        yield Finding("Clock", "fault", f"the gateway lives {days:g} days ahead", "For trials only: unset it.")


def _location(settings: Settings) -> Iterator[Finding]:
    """SHARE-13. That the board agreed to another country is written elsewhere: here it is only kept in sight."""
    where = settings["gateway.location"]
    if where == HOME:
        yield Finding("Location", "good", "copies are kept in the United Kingdom")
    elif where:
        yield Finding(
            "Location", "advice", f"copies are kept in {where}", "The board signs that off (wardmail appetite)."
        )
    else:
        yield Finding("Location", "advice", "nobody said where copies are kept", 'Set gateway.location, as "GB".')


def _disk(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(settings.data).free
    if free < _LEAST_FREE:
        yield Finding("Disk", "fault", f"{free // 1024**2} MB are free", "Make room: below this, mail is answered 451.")
    else:
        yield Finding("Disk", "good", f"{free // 1024**3} GB are free in {settings.data}")


def _database(installation: Installation) -> Iterator[Finding]:
    report = verify(installation.database)
    if report.broken_at is not None:
        yield Finding(
            "Database", "fault", f"the audit is broken: {report.why}", "Keep the file; tell the security team."
        )
    else:
        yield Finding("Database", "good", f"it opens, and the audit of {counted(report.events, 'event')} holds")
    for broken in broken_heads(installation):
        yield Finding("Audit heads", "fault", broken, "Keep the database as it is; tell the security team.")


def _certificate(settings: Settings, now: float) -> Iterator[Finding]:
    if not settings["tls.certificate"]:
        yield Finding("Certificate", "fault", "none is set", "Set tls.certificate and tls.key.")
        return
    CertificateFiles(Path(settings["tls.certificate"]), Path(settings["tls.key"]))
    facts = certificate_facts(Path(settings["tls.certificate"]))
    left = facts.expires_at - now
    host = settings["gateway.hostname"]
    if left < 0:
        yield Finding("Certificate", "fault", "it has expired", "Renew it; the gateway notices new files by itself.")
    elif left < _SOON:
        yield Finding("Certificate", "advice", f"it ends in {left / 86_400:.0f} days", "Renew it.")
    else:
        yield Finding("Certificate", "good", f"it lasts {left / 86_400:.0f} days more, {facts.key}")
    if not facts.is_strong:
        yield Finding(
            "Certificate", "fault", f"its key is too weak: {facts.key}", "Use RSA of 2048 bits or more, or P-256."
        )
    if host not in facts.names and "localhost" not in facts.names:
        names = ", ".join(facts.names)
        yield Finding(
            "Certificate", "advice", f"it is for {names}, not for {host}", "Clients that verify will refuse us."
        )


def _routes(snapshot: RegisterSnapshot, now: float) -> Iterator[Finding]:
    if not snapshot.routes:
        yield Finding("Routes", "fault", "there is none", "wardmail route create NAME --kind …")
    today = datetime.fromtimestamp(now, UTC).date()
    for route in snapshot.routes.values():
        name = f"Route {route.name}"
        for problem in routes.problems(route):
            yield Finding(name, "fault", problem, f"wardmail route change {route.name} …")
        if route.paused:
            yield Finding(name, "advice", "it is paused; its mail waits", f"wardmail route resume {route.name}")
        if route.kind is not RouteKind.SANDBOX:
            yield _accreditation(name, route.name, route.accreditation.expires if route.accreditation else None, today)


def _accreditation(check: str, route: str, expires: date | None, today: date) -> Finding:
    to_do = f"wardmail route accredit {route} --evidence … --expires …"
    if expires is None:
        return Finding(check, "advice", "its DCB1596 accreditation is not recorded: sensitive mail is held", to_do)
    left = (expires - today).days
    if left < 0:
        return Finding(check, "fault", f"its accreditation ended on {expires}: sensitive mail is held", to_do)
    return Finding(
        check, "advice" if left < 60 else "good", f"accredited for {left} days more", to_do if left < 60 else ""
    )


def _credentials(snapshot: RegisterSnapshot, now: float) -> Iterator[Finding]:
    live = [each for each in snapshot.credentials.values() if each.revoked_at is None]
    for each in live:
        if each.expires_at is not None and each.expires_at < now + _SOON:
            words = (
                "has expired" if each.expires_at < now else f"expires in {(each.expires_at - now) / 86_400:.0f} days"
            )
            add = f"wardmail integration credential add {each.integration_id}"
            yield Finding(
                f"Credential {each.username}", "advice", f"it {words}", f"Give the application a new one: {add}"
            )
    yield Finding("Credentials", "good", f"{len(live)} in use for {counted(len(snapshot.integrations), 'integration')}")


def _signing(installation: Installation) -> Iterator[Finding]:
    signer, snapshot = installation.signer, installation.register.snapshot()
    domains = {sender.rpartition("@")[2] for each in snapshot.integrations.values() for sender in each.senders}
    unsigned = sorted(domain for domain in domains if not signer.keys_for(domain))
    for domain in unsigned:
        to_do = f"wardmail domain rotate {domain}, then publish `wardmail domain dns {domain}`"
        yield Finding("Signing", "advice", f"mail from {domain} is not signed", to_do)
    if not unsigned:
        yield Finding("Signing", "good", f"every sender domain has a key ({len(domains)})")


def _list_age(installation: Installation) -> Iterator[Finding]:
    versions = installation.register.list_versions()
    if not versions:
        yield Finding(
            "Accredited list", "advice", "none is loaded: *.nhs.uk counts as unknown", "wardmail lists import FILE"
        )
        return
    now = installation.clock.now()
    age = (now - versions[0].imported_at) / 86_400
    ending = list_ending(installation.register.snapshot(), datetime.fromtimestamp(now, UTC).date())
    grade: Grade = "good" if ending is None else "advice"
    to_do = f"Out of date on {ending.on}. Import today's list: wardmail lists import FILE" if ending else ""
    yield Finding("Accredited list", grade, f"{versions[0].entries} entries, {age:.0f} days old", to_do)


def _waiting(installation: Installation) -> Iterator[Finding]:
    counts = installation.messages.counts()
    held, late = counts.get("held", 0), counts.get("deferred", 0)
    if held:
        yield Finding(
            "Waiting", "advice", f"{counted(held, 'copy is', 'copies are')} held for a person", "wardmail hold list"
        )
    if late:
        yield Finding("Waiting", "advice", f"{counted(late, 'copy is', 'copies are')} delayed", "wardmail queue list")
    if not held and not late:
        yield Finding("Waiting", "good", "nothing is held or delayed")


def _relay(settings: Settings) -> Iterator[Finding]:
    """SEND-6: asks our own door for what it must never do."""
    from wardmail.app.host_and_port import address

    for text in settings["listen.submission"]:
        host, port = address(text)
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (a comparison, not a bind)
        answer = probe_relay(local, port)
        if answer is None:
            yield Finding(
                "Closed relay", "advice", f"nobody listens at {local} port {port}", "Start the gateway to test it."
            )
        elif answer:
            yield Finding("Closed relay", "fault", answer, "Stop the gateway, and tell the security team.")
        else:
            yield Finding("Closed relay", "good", f"{local} port {port} takes nothing without TLS and a log-in")
