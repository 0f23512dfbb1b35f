"""Try the policy: what would become of a message that nobody has sent, and by which rules."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from wardmail.model.classification import Sensitivity
from wardmail.outbound.decision import gather_facts
from wardmail.outbound.supposing import may_send_as
from wardmail.policy.evaluate import evaluate
from wardmail.policy.explain import explain
from wardmail.policy.facts_codec import facts_in_words
from wardmail.protocol.address import InvalidAddress, parse_address
from wardmail.web.pages.govern.policy import HERE
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.words import summary

_LEVELS = {level.label.lower().replace(" ", "-"): level for level in Sensitivity}
_FIELDS = ("sender", "to", "classification", "urgent")


class PolicyTryPage:
    """By POST: an address is nobody's business in the address of a page."""

    def __init__(self, services: GovernServices) -> None:
        self._services = services

    async def show(self, visit: Visit) -> Response:
        return self._draw(visit, {"classification": "official"})

    async def answer(self, visit: Visit) -> Response:
        typed = {name: visit.form.get(name, "").strip() for name in _FIELDS}
        view = self._services.console.world.register
        snapshot = await self._services.register()
        found = may_send_as(snapshot.integrations.values(), typed["sender"])
        to = parse_address(typed["to"])
        if len(found) != 1:
            who = f"{len(found)} integrations send" if found else "No integration sends"
            return self._draw(visit, typed, [{"text": f"{who} as that address", "href": "#sender"}])
        if isinstance(to, InvalidAddress):
            return self._draw(visit, typed, [{"text": f"That is no address: {to.reason}", "href": "#to"}])
        level = _LEVELS.get(typed["classification"], Sensitivity.OFFICIAL)
        integration = snapshot.integrations[found[0]]
        facts = gather_facts(view, integration, to, level, time_critical=typed["urgent"] == "yes", require_tls=False)
        headline, *because = explain(evaluate(view.rules, facts))
        known = summary(
            *((name.replace("_", " ").capitalize(), value) for name, value in facts_in_words(facts).items())
        )
        return self._draw(visit, typed, answer={"headline": headline, "because": because, "known": known})

    def _draw(
        self,
        visit: Visit,
        typed: Mapping[str, str],
        problems: list[dict[str, str]] | None = None,
        answer: Mapping[str, object] | None = None,
    ) -> Response:
        return self._services.console.pages.draw(
            "govern/policy-try.jinja",
            "Try the policy",
            422 if problems else 200,
            visitor=visit.visitor,
            here=HERE,
            typed=typed,
            levels=[(name, level.label) for name, level in _LEVELS.items()],
            answer=answer,
            problems=problems,
            errors=bool(problems),
        )
