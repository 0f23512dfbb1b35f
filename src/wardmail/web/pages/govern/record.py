"""What people write into an integration's record, one field beside the other; the same fields as on the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

from wardmail.manage.documents import written_rows
from wardmail.manage.integrations import BadInput
from wardmail.manage.registration import FIELDS, Field, as_texts
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.person import Permission
from wardmail.web.pages.govern.integration_frame import HERE, Shown, draw, find, gone
from wardmail.web.pages.govern.outcomes import refused
from wardmail.web.pages.govern.services import GovernServices
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import reason_of, reason_problems
from wardmail.web.pages.rendering import straight
from wardmail.web.pages.words import summary

_CHOICES = {
    "direction": ("send", "receive", "both"),
    "handles": ("", "official", "official-sensitive"),
    "clinical": ("", "yes", "no"),
    "hosting": ("", "cloud", "on-premises"),
    "signature-added": ("no", "yes"),
    "signature-required": ("no", "yes"),
}
_SAID = {"": "Not said yet", "official": "OFFICIAL", "official-sensitive": "OFFICIAL-SENSITIVE"}
"""Of choices that a capital letter alone does not make words for people."""


class RecordPages:
    def __init__(self, services: GovernServices) -> None:
        self._services = services
        self._pages = services.console.pages

    async def show(self, visit: Visit) -> Response:
        shown = await find(self._services, visit)
        return gone(self._services, visit) if shown is None else self._draw(visit, shown, _written(shown.integration))

    async def change(self, visit: Visit) -> Response:
        shown = await find(self._services, visit)
        if shown is None:
            return gone(self._services, visit)
        before = _written(shown.integration)
        typed = {name: visit.form.get(name, text).replace("\r\n", "\n").strip() for name, text in before.items()}
        several = {each.option for each in FIELDS if each.several}
        options = {
            name.replace("-", "_"): tuple(text.splitlines() or ("",)) if name in several else text
            for name, text in typed.items()
            if text != before[name]
        }
        name, actor = shown.integration.id, visit.visitor.person
        reason = reason_of(visit)
        if reason and (problems := reason_problems(reason)):
            return self._draw(visit, shown, typed, problems[0]["text"])
        done = await asyncio.to_thread(self._services.integrations.change, actor, name, options, reason)
        if isinstance(done, BadInput):
            words = done.reason.replace("say --reason", "say why")
            return self._draw(visit, shown, typed, words)
        back = f"{HERE}/{name}/record"
        return refused(self._pages, visit, HERE, done, back) or RedirectResponse(f"{back}?saved=1", 303)

    def _draw(self, visit: Visit, shown: Shown, typed: Mapping[str, str], error: str = "") -> Response:
        may = visit.visitor.person.may(Permission.DRAFT_INTEGRATIONS)
        return draw(
            self._services,
            visit,
            shown,
            ("integration-record", "/record"),
            422 if error else 200,
            rows=summary(*written_rows(shown.integration)),
            fields=[
                {
                    "id": each.option,
                    "words": each.words,
                    "hint": _hint(each),
                    "value": typed[each.option],
                    "several": each.several or each.option in {"purpose", "migration-plan"},
                    "choices": [
                        (choice, _SAID.get(choice, choice.capitalize())) for choice in _CHOICES.get(each.option, ())
                    ],
                }
                for each in FIELDS
            ],
            may_change=may and shown.integration.state is not IntegrationState.RETIRED,
            needs_reason=shown.integration.state in {IntegrationState.LIVE, IntegrationState.SUSPENDED},
            reason=visit.form.get("reason", ""),
            saved="saved" in visit.request.query_params,
            problems=[{"text": error, "href": "#record"}] if error else [],
            errors=bool(error),
        )


def _written(integration: Integration) -> dict[str, str]:
    """As the form shows it, so that what nobody touched is no change."""
    record = integration.registration
    return {each.option: straight("\n".join(as_texts(record, each))) for each in FIELDS}


def _hint(field: Field) -> str:
    """Written for the command line, where it follows a colon; beside a field it begins a sentence."""
    hint = field.hint if field.hint.startswith("https:") else field.hint[:1].upper() + field.hint[1:]
    return f"{hint}; one on each line" if field.several else hint
