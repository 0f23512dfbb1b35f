"""Records that tests of pages write: a whole one of an integration as its form has it, and two sources."""

from __future__ import annotations

from wardmail.model.mailbox import MailboxAccount, MailboxKind
from wardmail.model.source import SmtpTerms, Source, SourceKind

RECORD = {
    "purpose": "Sends discharge letters",
    "handles": "official",
    "clinical": "no",
    "owner": "Amina Khan <amina@trust.example>",
    "deputy": "Ben Okoro <ben@trust.example>",
    "upstream-service": "NHSmail",
    "upstream-account": "svc-letters@trust.example",
    "hosting": "cloud",
    "location": "GB",
    "dpia": "DPIA-7",
    "slsp": "SLSP-7",
    "application-document": "https://docs.trust.example/letters",
    "upstream-document": "https://docs.trust.example/nhsmail",
    "cmdb": "CI-7",
    "review-date": "2027-10-01",
    "signature-name": "Ward 7",
    "signature-role": "Ward clerk",
    "signature-organisation": "Demo trust",
}
LETTERS = Source("letters", "app", SourceKind.SMTP, SmtpTerms(("letters@trust.example",)))
BOX = Source(
    "results",
    "app",
    SourceKind.IMAP,
    mailbox=MailboxAccount(MailboxKind.IMAP, "localhost", 993, "svc@trust.example", "keystore:pw"),
)
