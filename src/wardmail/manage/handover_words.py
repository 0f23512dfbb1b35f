"""The words for how an application gets what came in for it."""

from __future__ import annotations

from wardmail.model.handover import Handover, HandoverKind

WAYS = {
    HandoverKind.PULL: "The application collects it itself",
    HandoverKind.MAILDIR: "Put into a Maildir",
    HandoverKind.WEBHOOK: "Posted to its webhook",
    HandoverKind.SMTP: "Sent to it by SMTP",
    HandoverKind.LMTP: "Sent to it by LMTP",
    HandoverKind.IMAP: "Put into its mailbox by IMAP",
    HandoverKind.REPORTS: "Read by the gateway itself",
}


def place_in_words(terms: Handover) -> str:
    if terms.kind is HandoverKind.REPORTS:
        return "the gateway reads it: reports of others about our domains"
    return terms.directory or terms.url or terms.socket or terms.host or "it is collected by its application"
