"""The checks of `wardmail doctor` on the register: routes that are missing, records that are due, accounts that are shared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from wardmail.app.finding import Finding
from wardmail.app.installation import Installation
from wardmail.app.register_terms import review_terms
from wardmail.manage.accounts import account_problem
from wardmail.manage.due import due_items
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.register import RegisterSnapshot
from wardmail.policy.completeness import on_premises

_CLOSED = {IntegrationState.SUSPENDED: "it is suspended", IntegrationState.DRAFT: "it is a draft: it sends nothing"}


def check_register(installation: Installation) -> Iterator[Finding]:
    snapshot = installation.register.snapshot()
    standing = [each for each in snapshot.integrations.values() if each.state is not IntegrationState.RETIRED]
    for each in standing:
        yield from _each(each, snapshot)
    today = datetime.fromtimestamp(installation.clock.now(), UTC).date()
    for item in due_items(standing, today, review_terms(installation.settings)):
        yield Finding(f"Integration {item.integration}", "fault" if item.grave else "advice", item.what, item.to_do)
    left = sum(on_premises(each) for each in standing)
    if left:
        yield Finding("On premises", "advice", f"{left} integrations use an on-premises service", "Plan to leave it.")
    live = sum(each.state is IntegrationState.LIVE for each in standing)
    yield Finding("Register", "good", f"{live} live, {len(standing) - live} in preparation or suspended")


def _each(integration: Integration, snapshot: RegisterSnapshot) -> Iterator[Finding]:
    name = f"Integration {integration.id}"
    if integration.route not in snapshot.routes:
        to_do = f"wardmail route create {integration.route} --kind …"
        yield Finding(name, "fault", f"its route {integration.route} does not exist: its mail is held", to_do)
    if integration.state in _CLOSED:
        step = "resume" if integration.state is IntegrationState.SUSPENDED else "trial"
        yield Finding(name, "advice", _CLOSED[integration.state], f"wardmail integration {step} {integration.id}")
    problem = account_problem(integration, snapshot.integrations)
    if problem is not None:
        to_do = f"wardmail integration change {integration.id} --upstream-account … --reason …"
        yield Finding(name, "fault", problem.reason, to_do)
