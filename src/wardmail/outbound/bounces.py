"""What an attempt's outcome means for the next message: is the address dead, was the relay's good name hurt? (SEND-3)"""

from __future__ import annotations

from dataclasses import replace

from wardmail.model.consignment import Consignment
from wardmail.model.delivery import Delivered, Failed, HandedOn
from wardmail.model.stored import RecipientUpdate
from wardmail.model.suppression import bounced
from wardmail.model.traffic import Verdict
from wardmail.protocol.refusal_meaning import is_hard_bounce


def with_verdict(update: RecipientUpdate, consignment: Consignment, now: float) -> RecipientUpdate:
    """Only what a peer said counts: our own refusals and time-outs say nothing of the address."""
    match update.result.outcome if update.result else None:
        case Delivered() | HandedOn():
            return replace(update, integration_id=consignment.integration_id, verdict=Verdict.SENT)
        case Failed(reply=reply, status=status) if reply is not None:
            if not is_hard_bounce(status):
                return replace(update, integration_id=consignment.integration_id, verdict=Verdict.REFUSED)
            to = next(each.address for each in consignment.recipients if each.id == update.n)
            return replace(
                update,
                integration_id=consignment.integration_id,
                verdict=Verdict.BOUNCED,
                suppress=bounced(str(to), f"{status} in {update.message_id}", now),
            )
        case _:
            return update
