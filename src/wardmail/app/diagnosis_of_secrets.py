"""What `wardmail doctor` asks about secrets: who can read them, where one stands in the open, which end soon (RECV-6)."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from wardmail.app.finding import Finding, Grade
from wardmail.app.installation import Installation
from wardmail.app.output import counted
from wardmail.app.secret_places import KnownSecret, days_left, known_secrets, of_route, places
from wardmail.app.settings import Settings
from wardmail.edges.sealing import ContentSealer
from wardmail.model.register import RegisterSnapshot
from wardmail.model.retention import A_DAY
from wardmail.model.route import AuthMechanism, Route
from wardmail.model.secret_reference import is_reference, looks_like_a_secret, without_password
from wardmail.store.records import to_plain

_WARN, _SOON, _NOW = 60, 30, 7
_OLD = 365
_TAKE_OUT = "Take it out, count it as known to others, get a new one, and: wardmail secret put NAME < new"
_MICROSOFT = ("smtp.office365.com", "smtp-mail.outlook.com")
_BASIC_ENDS = date(2026, 12, 31)


def secrets(installation: Installation) -> Iterator[Finding]:
    settings, keystore = installation.settings, installation.keystore
    yield from _readable_by_others(settings)
    yield from literals(settings, installation.register.snapshot())
    if keystore.locks > 1:
        to_do = (
            "If keystore.master names the new one: wardmail keys rotate-master --finish; else run rotate-master again."
        )
        yield Finding(
            "Secrets", "advice", "a change of the master key is not finished: two of them open the keystore", to_do
        )
    assert installation.pepper
    yield Finding("Secrets", "good", f"the keystore opens, {counted(len(keystore.entries()), 'entry', 'entries')}")
    now = installation.clock.now()
    for each in known_secrets(installation):
        yield from _about(each, now)
    for route in installation.register.snapshot().routes.values():
        yield from _password_login(route)


def literals(settings: Settings, snapshot: RegisterSnapshot) -> Iterator[Finding]:
    """A secret where a reference belongs. It is never repeated here."""
    for place, text in places(settings, snapshot):
        if not is_reference(text):
            what = f"{place} holds something that is no reference, perhaps a secret"
            yield Finding("Secrets", "fault", what, _TAKE_OUT)
    for key, value in settings.values.items():
        if value.origin != "default" and isinstance(value.value, str):
            yield from _literal(f"the setting {key} ({value.origin})", value.value)
    for route in snapshot.routes.values():
        if any(looks_like_a_secret(text) for text in _texts(route)):
            yield Finding(f"Route {route.name}", "fault", "one of its fields looks like a secret", _TAKE_OUT)


def _literal(place: str, text: str) -> Iterator[Finding]:
    if without_password(text) != text:
        to_do = "Take it out; for PostgreSQL, ~/.pgpass (mode 600) is the place for it."
        yield Finding("Secrets", "fault", f"{place} has a password in its address", to_do)
    elif looks_like_a_secret(text):
        yield Finding("Secrets", "fault", f"{place} looks like a secret", _TAKE_OUT)


def retention(installation: Installation) -> Iterator[Finding]:
    """Content that should be gone, and is not."""
    now = installation.clock.now()
    groups = installation.shelves.count_now(ContentSealer(installation.keystore).groups(), now)
    late = [each for each in groups if each.ends + A_DAY < now]
    if late:
        what = f"{counted(len(late), 'data key is past its end', 'data keys are past their end')}; the oldest is {late[0].group}"
        yield Finding("Retention", "fault", what, "Is the gateway running? wardmail retention run shows what fails.")
    else:
        yield Finding("Retention", "good", f"{counted(len(groups), 'data key')}, none past its term")


def _readable_by_others(settings: Settings) -> Iterator[Finding]:
    kind, _, name = settings.master_reference.partition(":")
    if kind == "file" and stat.S_IMODE(Path(name).stat().st_mode) & 0o077:
        yield Finding("Secrets", "fault", f"others can read {name}", f"chmod 600 {name}")
    if settings.keystore_path.stat().st_mode & 0o007:
        yield Finding(
            "Secrets", "fault", f"others can read {settings.keystore_path}", f"chmod 600 {settings.keystore_path}"
        )
    for file in settings.files:
        if file.stat().st_mode & 0o007:
            what = f"others can read {file}, which says where secrets are"
            yield Finding("Secrets", "advice", what, f"chmod 640 {file}")


def _about(secret: KnownSecret, now: float) -> Iterator[Finding]:
    check = f"Secret {secret.reference}"
    scheme, _, name = secret.reference.partition(":")
    if scheme == "keystore":
        rotate = f"Get a new one from its issuer; then: wardmail secret rotate {name} --expires DAY"
    else:
        rotate = "Get a new one from its issuer and put it into its store; it is used without a restart."
    if secret.problem and secret.places:
        where = ", ".join(secret.places)
        yield Finding(
            check, "fault", f"it cannot be read, and {where} needs it: {secret.problem}", "Mend that; mail waits."
        )
    left = days_left(secret, now)
    if left is not None and left < _WARN:
        grade: Grade = "fault" if left < _NOW else "advice"
        words = "has expired" if left < 0 else f"expires in {left} days" + (": soon" if left < _SOON else "")
        yield Finding(check, grade, f"it {words} ({', '.join(secret.places) or 'used by nothing'})", rotate)
    elif secret.since is not None and secret.places and now - secret.since > _OLD * A_DAY:
        yield Finding(check, "advice", f"it is {(now - secret.since) / A_DAY:.0f} days old", rotate)


def _password_login(route: Route) -> Iterator[Finding]:
    """Microsoft 365 ends SMTP AUTH with a password: off by default from the end of December 2026 (MC786329)."""
    if route.host.lower() in _MICROSOFT and route.auth in {AuthMechanism.PLAIN, AuthMechanism.LOGIN}:
        what = f"it logs in with a password, which Microsoft switches off by default at the end of {_BASIC_ENDS:%B %Y}"
        to_do = f"Move to OAuth: wardmail route change {route.name} --auth xoauth2 --token-endpoint … --client-id …"
        yield Finding(f"Route {route.name}", "fault", what, to_do)


def _texts(route: Route) -> Iterator[str]:
    """What a person may have typed into a route, but for the references."""
    waiting: list[object] = [to_plain(route)]
    known = set(of_route(route))
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and value not in known:
            yield value
