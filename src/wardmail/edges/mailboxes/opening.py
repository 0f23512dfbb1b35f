"""Opens a mailbox by its kind; each library is imported when the first of its kind is opened."""

from __future__ import annotations

from wardmail.edges.mailboxes.access import MailboxAccess
from wardmail.edges.mailboxes.notice_server import NoticeServer
from wardmail.edges.oauth import TokenSource
from wardmail.model.mailbox import MailboxAccount, MailboxKind
from wardmail.ports import Clock, Mailbox, Secrets


class MailboxDoor:
    """`notices` set: Microsoft Graph is asked to tell of changes. Tokens are shared by mailboxes of one OAuth client."""

    def __init__(self, secrets: Secrets, clock: Clock, notices: NoticeServer | None = None) -> None:
        self._secrets = secrets
        self._clock = clock
        self._notices = notices
        self._tokens: dict[str | None, TokenSource] = {}

    def open(self, account: MailboxAccount) -> Mailbox:
        """Connects when it is first used. Raises ImportError where the extra `imap` is not installed."""
        tokens = self._tokens.setdefault(account.ca_file, TokenSource(self._secrets, self._clock, account.ca_file))
        access = MailboxAccess(account, self._secrets, tokens)
        match account.kind:
            case MailboxKind.IMAP:
                from wardmail.edges.mailboxes.imap import ImapMailbox

                return ImapMailbox(account, access)
            case MailboxKind.POP3:
                from wardmail.edges.mailboxes.pop3 import Pop3Mailbox

                return Pop3Mailbox(account, access)
            case MailboxKind.GRAPH:
                from wardmail.edges.mailboxes.graph import GraphMailbox

                subscription = self._notices.subscription(self._clock) if self._notices is not None else None
                return GraphMailbox(account, access, subscription)
            case MailboxKind.EWS:
                from wardmail.edges.mailboxes.ews import EwsMailbox

                return EwsMailbox(account, access)
