"""How a page answers what a desk said: done, not like that, not you, or not there."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from wardmail.manage.integrations import BadInput, Forbidden
from wardmail.web.pages.guard import Visit
from wardmail.web.pages.operate.asking import told
from wardmail.web.pages.rendering import Pages


def refused(pages: Pages, visit: Visit, here: str, outcome: object, back: str) -> Response | None:
    """The page that says why not; None when it was done."""
    match outcome:
        case BadInput(reason=reason):
            return told(pages, visit, here, 409, "That was not done", reason, "Nothing was changed.", back=back)
        case Forbidden(reason):
            return told(pages, visit, here, 403, "Your role does not allow this", reason, back=back)
        case None:
            return told(pages, visit, here, 404, "There is nothing of that name", "Look for it in the list.", back=here)
        case _:
            return None


def settled(pages: Pages, visit: Visit, here: str, outcome: object, to: str) -> Response:
    """Why not; or on to the page that shows what was done, so that a reload does nothing twice."""
    return refused(pages, visit, here, outcome, to) or RedirectResponse(to, 303)
