"""Who works with the gateway, and what each role may do (SHARE-9, SHARE-12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """One thing that a person may do. Every command, page and call names exactly one."""

    SEE = "see"
    READ_CONTENT = "read-content"
    SEND = "send"
    DRAFT_INTEGRATIONS = "draft-integrations"
    ISSUE_CREDENTIALS = "issue-credentials"
    RUN_INTEGRATIONS = "run-integrations"
    GOVERN_INTEGRATIONS = "govern-integrations"
    CHANGE_ROUTES = "change-routes"
    OPERATE_QUEUE = "operate-queue"
    RELEASE_HOLDS = "release-holds"
    RELEASE_TIME_CRITICAL = "release-time-critical"
    PROPOSE_POLICY = "propose-policy"
    APPROVE_POLICY = "approve-policy"
    MANAGE_AGREEMENTS = "manage-agreements"
    SIGN_OFF_CLINICAL_SAFETY = "sign-off-clinical-safety"
    MANAGE_LISTS = "manage-lists"
    KEEP_SECRETS = "keep-secrets"
    TAKE_EVIDENCE = "take-evidence"
    MANAGE_PEOPLE = "manage-people"

    @property
    def words(self) -> str:
        """As it stands in "you may not …"."""
        return self.value.replace("-", " ")


class Role(StrEnum):
    VIEWER = "viewer"
    DEVELOPER = "developer"
    MAIL_OPERATOR = "mail-operator"
    GOVERNANCE = "governance"
    CLINICIAN = "clinician"
    OWNER = "owner"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.SEE}),
    Role.DEVELOPER: frozenset(
        {Permission.SEE, Permission.SEND, Permission.DRAFT_INTEGRATIONS, Permission.ISSUE_CREDENTIALS}
    ),
    Role.MAIL_OPERATOR: frozenset(
        {
            Permission.SEE,
            Permission.SEND,
            Permission.DRAFT_INTEGRATIONS,
            Permission.ISSUE_CREDENTIALS,
            Permission.RUN_INTEGRATIONS,
            Permission.CHANGE_ROUTES,
            Permission.OPERATE_QUEUE,
            Permission.KEEP_SECRETS,
            Permission.MANAGE_LISTS,
        }
    ),
    Role.GOVERNANCE: frozenset(
        {
            Permission.SEE,
            Permission.READ_CONTENT,
            Permission.DRAFT_INTEGRATIONS,
            Permission.RUN_INTEGRATIONS,
            Permission.GOVERN_INTEGRATIONS,
            Permission.RELEASE_HOLDS,
            Permission.PROPOSE_POLICY,
            Permission.APPROVE_POLICY,
            Permission.MANAGE_AGREEMENTS,
            Permission.MANAGE_LISTS,
            Permission.TAKE_EVIDENCE,
        }
    ),
    Role.CLINICIAN: frozenset({Permission.SEE, Permission.RELEASE_TIME_CRITICAL, Permission.SIGN_OFF_CLINICAL_SAFETY}),
    Role.OWNER: frozenset(Permission),
}


@dataclass(frozen=True, slots=True)
class Person:
    """`logins` are accounts of this machine that stand for the person; `key_hash` proves the person anywhere else.

    Nobody is ever removed, because the audit names them: who has left has `left_at`.
    """

    id: str
    name: str
    email: str = ""
    roles: tuple[Role, ...] = (Role.VIEWER,)
    logins: tuple[str, ...] = ()
    key_hash: bytes = b""
    added_at: float = 0.0
    left_at: float | None = None

    @property
    def is_here(self) -> bool:
        return self.left_at is None

    def may(self, permission: Permission) -> bool:
        return self.is_here and any(permission in PERMISSIONS[role] for role in self.roles)


def has_owner(people: Iterable[Person]) -> bool:
    """Whether somebody is left who may do everything."""
    return any(each.is_here and Role.OWNER in each.roles for each in people)


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to one thing, with the reason; `by` is a person's ID."""

    by: str
    at: float
    reason: str


def independent(author: str, approvals: tuple[Approval, ...]) -> tuple[str, ...]:
    """The people who approved and are not the author, each once: what four-eyes rules count."""
    return tuple(dict.fromkeys(each.by for each in approvals if each.by != author))
