"""The words for what became of mail that came in."""

from __future__ import annotations

from wardmail.model.arrival import ArrivalState
from wardmail.model.verdict import Action

WORDS = {
    ArrivalState.RECEIVED: "Being checked",
    ArrivalState.HANDING_OVER: "Handing over",
    ArrivalState.HANDED_OVER: "Handed over",
    ArrivalState.ACKNOWLEDGED: "Acknowledged",
    ArrivalState.QUARANTINED: "In quarantine",
    ArrivalState.REFUSED: "Refused",
    ArrivalState.REJECTED: "Rejected by the application",
    ArrivalState.DEAD_LETTER: "Dead letter",
    ArrivalState.DELETED: "Deleted",
    ArrivalState.EXPIRED: "Expired in quarantine",
}

SENTENCES = {
    ArrivalState.RECEIVED: "We have it and are finding out who sent it and what is in it.",
    ArrivalState.HANDING_OVER: "The application has not taken it yet.",
    ArrivalState.HANDED_OVER: "The application's side has taken it.",
    ArrivalState.ACKNOWLEDGED: "The application has said that it has it.",
    ArrivalState.QUARANTINED: "It is kept back until two people release it.",
    ArrivalState.REFUSED: "Its sender was told that we do not take it.",
    ArrivalState.REJECTED: "The application does not want it; a person should look.",
    ArrivalState.DEAD_LETTER: "The application could not be given it; a person must look.",
    ArrivalState.DELETED: "A person deleted it in quarantine.",
    ArrivalState.EXPIRED: "Nobody decided about it in time.",
}

VERDICTS = {
    Action.ACCEPT: "It may go to the application",
    Action.WARN: "It may go to the application, with a warning on it",
    Action.STRIP: "It may go to the application without what may do harm in it",
    Action.QUARANTINE: "It is kept back",
    Action.REFUSE: "It is refused",
}
