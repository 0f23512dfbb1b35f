"""What the commands on integrations share: finding a record, changing it in one transaction, and what the gateway sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wardmail.app.failures import CONFLICT, CommandFailed, not_found, not_permitted
from wardmail.app.installation import Installation
from wardmail.app.register_knowledge import contacts_of, integration_desk, knowledge_of
from wardmail.app.register_terms import review_terms
from wardmail.manage.going_live import Seen
from wardmail.manage.integration_desk import IntegrationDesk, Others, Outcome
from wardmail.manage.integrations import BadInput, Forbidden
from wardmail.model.integration import Credential, Integration
from wardmail.model.person import Person
from wardmail.model.register import Change, RegisterSnapshot
from wardmail.model.registration import Contact
from wardmail.policy.review import ReviewTerms


def existing(snapshot: RegisterSnapshot, name: str) -> Integration:
    if name not in snapshot.integrations:
        raise not_found("integration", name, "wardmail integration list")
    return snapshot.integrations[name]


def credentials_of(snapshot: RegisterSnapshot, name: str) -> list[Credential]:
    return [each for each in snapshot.credentials.values() if each.integration_id == name]


def change_record(
    installation: Installation,
    name: str,
    step: Callable[[Integration, Others], Outcome],
    made: Change,
    *,
    code: str = "WM-INTEGRATION-STATE",
) -> Integration:
    """Apply one step to the record as it is at that moment. Raises CommandFailed with the reason why it cannot be."""

    def apply(all_of_them: Others) -> Outcome | None:
        return step(all_of_them[name], all_of_them) if name in all_of_them else None

    after = installation.register.change_integration(name, apply, made)
    return changed_or_failed(after, name, code)


def changed_or_failed(after: Outcome | None, name: str, code: str) -> Integration:
    match after:
        case None:
            raise not_found("integration", name, "wardmail integration list")
        case Forbidden(reason):
            raise not_permitted(reason)
        case BadInput(reason):
            raise CommandFailed(after.code or code, reason, f"See `wardmail integration show {name}`.", CONFLICT)
        case _:
            return after


def terms_of(installation: Installation) -> ReviewTerms:
    return review_terms(installation.settings)


def known_people(installation: Installation, everybody: Iterable[Person] | None = None) -> tuple[Contact, ...]:
    """People whose own mailboxes are no service accounts."""
    return contacts_of(installation.people.all().values() if everybody is None else everybody)


def seen_of(installation: Installation, integration: Integration) -> Seen:
    """What the gateway sees of its own for the task list."""
    return knowledge_of(installation).seen(integration)


def desk_of(installation: Installation) -> IntegrationDesk:
    return integration_desk(
        knowledge_of(installation), lambda: installation.pepper, installation.settings["register.override_days"]
    )
