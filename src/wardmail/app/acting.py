"""In whose name a command acts, and why: a registered person, known by the account or proved by a key, who may do it."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from wardmail.app.failures import NOT_PERMITTED, USAGE, CommandFailed
from wardmail.app.installation import Installation
from wardmail.app.output import moment
from wardmail.app.provider_wiring import as_vouched
from wardmail.manage.people import for_login, proves, who_may
from wardmail.model.person import Permission, Person
from wardmail.model.provider_login import Unvouched
from wardmail.model.reason import LONGEST_REASON, SHORTEST_REASON, fault_of, plain_line

F = TypeVar("F", bound=Callable[..., Any])

KEY = "WARDMAIL_PERSON_KEY"
_NOBODY = 2**32 - 1


def by_option(command: F) -> F:
    return click.option(
        "--by",
        envvar="WARDMAIL_BY",
        default="",
        help=f"In whose name, when it is not yours; proved by the person's key in ${KEY}, or asked for.",
    )(command)


class _ReasonOption(click.Option):
    """The reason comes out as pages and the API take it, or is refused as they refuse it."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        if ctx.resilient_parsing:
            return super().process_value(ctx, value)
        reason = plain_line(value if isinstance(value, str) else "")
        if reason or self.required:
            require_reason(reason)
        return super().process_value(ctx, reason)


def require_reason(reason: str) -> None:
    """Raises CommandFailed for a plain line that is no reason."""
    fault = fault_of(reason)
    if fault:
        to_do = f"Say --reason WHY, in {SHORTEST_REASON} to {LONGEST_REASON} characters, for whoever looks at it later."
        raise CommandFailed("WM-REASON", f"The reason {fault}.", to_do, USAGE)


def reason_option(
    words: str = "Why; kept in the audit with your name.", *, required: bool = True, default: str = ""
) -> Callable[[F], F]:
    """Without `required` there may be none; what is given has to say something all the same."""
    settings: dict[str, Any] = {"required": True} if required else {"default": default}
    return click.option("--reason", cls=_ReasonOption, help=words, **settings)


def acting_person(installation: Installation, by: str, permission: Permission) -> Person:
    """Who does this. Raises CommandFailed when nobody is proved, or the person may not do it."""
    people = installation.people.all()
    login = whoami()
    mine = for_login(people.values(), login)
    person = mine if not by else people.get(by)
    if person is None:
        raise _unknown(by, login)
    if person is not mine:
        person = _proved_by_key(installation, person)
    if not person.may(permission):
        others = ", ".join(each.id for each in who_may(people.values(), permission)) or "nobody yet"
        raise CommandFailed(
            "WM-NOT-PERMITTED",
            f"{person.id} may not {permission.words}.",
            f"Who may: {others}. Roles are given by `wardmail person change`.",
            NOT_PERMITTED,
        )
    return person


def _proved_by_key(installation: Installation, person: Person) -> Person:
    """In no more roles than a provider gives. Raises CommandFailed."""
    if not proves(person, _key(person), installation.pepper):
        raise CommandFailed(
            "WM-PERSON-NOT-PROVED",
            f"That key does not prove that you are {person.id}.",
            f"Put {person.id}'s own key into ${KEY}; an owner makes a new one by `wardmail person key {person.id}`.",
            NOT_PERMITTED,
        )
    known = as_vouched(installation, person)
    if isinstance(known, Unvouched):
        raise CommandFailed(
            "WM-PERSON-UNVOUCHED",
            f"The identity provider has not vouched for {person.id} since {moment(known.since)}.",
            "Log in to the pages through it: after that the key works again (setting oidc.key_days).",
            NOT_PERMITTED,
        )
    return known


def whoami() -> str:
    """The account at the command line. The kernel's record of who logged in beats what the environment says."""
    try:
        logged_in = int(Path("/proc/self/loginuid").read_text())
        if logged_in != _NOBODY:
            return pwd.getpwuid(logged_in).pw_name
    except (OSError, ValueError, KeyError):
        pass
    if os.getuid() == 0 and os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def _key(person: Person) -> str:
    key = os.environ.get(KEY, "")
    if not key and sys.stdin.isatty():
        key = click.prompt(f"Key of {person.id}", hide_input=True, err=True)
    return key.strip()


def _unknown(by: str, login: str) -> CommandFailed:
    if by:
        what = f"There is no person {by}."
        return CommandFailed("WM-PERSON-NOT-FOUND", what, "See `wardmail person list`.", NOT_PERMITTED)
    return CommandFailed(
        "WM-PERSON-UNKNOWN",
        f"The account {login} stands for no registered person.",
        f"Say --by NAME with your key in ${KEY}; or an owner runs `wardmail person add NAME --login {login}`.",
        NOT_PERMITTED,
    )
