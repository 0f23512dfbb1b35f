"""What may be said of a source and of a handover, and what may not: each problem a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import ip_network

from wardmail.manage.accounts import name_problem
from wardmail.model.handover import Handover, HandoverKind
from wardmail.model.integration import Integration, IntegrationState
from wardmail.model.mailbox import MailboxAccount, MailboxKind, Settlement
from wardmail.model.registration import Contact
from wardmail.model.secret_reference import is_reference
from wardmail.model.source import SmtpTerms, Source
from wardmail.model.verdict import Action
from wardmail.protocol.address import InvalidAddress, parse_address
from wardmail.protocol.domain import InvalidDomain, parse_domain

BASIC_ENDED = date(2023, 1, 1)
"""Exchange Online takes no passwords for IMAP, POP3 and EWS any more."""

EWS_ENDS = date(2027, 4, 1)
"""Exchange Online has no EWS from that day on."""

LONGEST_EXCEPTION = 366
_EXCHANGE_ONLINE = ("office365.com", "outlook.com", "outlook.office.com", "office365.us")


@dataclass(frozen=True, slots=True)
class Known:
    """What a source is looked at with. `people` are known persons besides those whom the record names."""

    integrations: Mapping[str, Integration]
    people: tuple[Contact, ...]
    today: date


def source_problems(source: Source, others: Mapping[str, Source], known: Known) -> list[str]:
    """Empty: it can be used. `others` may hold the source as it was."""
    rivals = [each for each in others.values() if each.name != source.name]
    integration = known.integrations.get(source.integration)
    found = []
    if integration is None or integration.state is IntegrationState.RETIRED:
        found.append(f"There is no integration {source.integration}: see `wardmail integration list`.")
    if source.smtp is not None:
        found += _smtp_problems(source.smtp, rivals, known.today)
        if source.trusted_hop and not source.smtp.relays:
            found.append("Anybody can write a hop's name: say by --relay from which addresses its mail comes.")
    if source.mailbox is not None:
        found += _account_problems(source, rivals, known)
    return found


def _smtp_problems(terms: SmtpTerms, rivals: Iterable[Source], today: date) -> list[str]:
    found = [] if terms.recipients else ["It takes mail for nobody: say --recipient."]
    found += [problem for each in terms.recipients if (problem := _recipient_problem(each))]
    taken = {each.lower(): rival.name for rival in rivals if rival.smtp for each in rival.smtp.recipients}
    found += [
        f"{each} belongs to source {taken[each.lower()]} already." for each in terms.recipients if each.lower() in taken
    ]
    networks = [*terms.relays, *(each.network for each in terms.plain_peers)]
    found += [f"{each} is no network: write it as 192.0.2.0/24." for each in networks if not _is_network(each)]
    for exception in terms.plain_peers:
        if _is_network(exception.network) and ip_network(exception.network, strict=False).num_addresses > 65_536:
            found.append(f"An exception for {exception.network} is none: name the peer, or a smaller network.")
        if exception.until > today + timedelta(LONGEST_EXCEPTION):
            found.append("An exception from TLS ends within a year: mend the peer until then (RECV-1).")
    return found


def _account_problems(source: Source, rivals: Iterable[Source], known: Known) -> list[str]:
    account = source.mailbox
    assert account is not None
    found = [
        f"The account {account.username} belongs to source {rival.name} already: each has an account of its own (RECV-5)."
        for rival in rivals
        if rival.account_key == source.account_key
    ]
    for each in known.integrations.values():
        theirs = each.registration.upstream_account.strip().lower()
        if each.id != source.integration and theirs and theirs == account.username.lower():
            found.append(f"The account {account.username} belongs to integration {each.id} already (RECV-5).")
    integration = known.integrations.get(source.integration)
    record = integration.registration if integration is not None else None
    named = [each for each in (record.owner, record.deputy, *record.contacts) if each is not None] if record else []
    why = name_problem(account.username.lower(), [*named, *known.people])
    if why:
        found.append(f"The account {account.username} {why}: use a service account that is for this alone (RECV-5).")
    return found + _service_problems(account, known.today)


def _service_problems(account: MailboxAccount, today: date) -> list[str]:
    found = [] if _is_host(account.host) else [f"{account.host!r} is no host name."]
    if not 0 < account.port < 65_536 or account.largest < 1:
        found.append("Its port is no port, or its largest message is none.")
    references = [account.secret_ref, account.oauth.secret_ref if account.oauth else ""]
    if not any(references):
        found.append("It has no secret: say --password-ref, or --client-secret-ref with OAuth.")
    if any(text and not is_reference(text) for text in references):
        found.append("A secret of it is no reference: write keystore:NAME, or vault:MOUNT/PATH#FIELD.")
    in_cloud = account.host.lower().endswith(_EXCHANGE_ONLINE)
    if in_cloud and account.oauth is None and today >= BASIC_ENDED:
        found.append("Exchange Online has taken no passwords since the end of 2022: log in by OAuth (RECV-5).")
    if account.kind is MailboxKind.GRAPH and account.oauth is None:
        found.append("Microsoft Graph takes tokens only: say --token-endpoint, --client-id and --scope.")
    if account.kind is MailboxKind.EWS and in_cloud and today >= EWS_ENDS:
        found.append("Exchange Online has no EWS since 1 April 2027: use the kind graph.")
    if account.kind is MailboxKind.POP3 and account.settlement is Settlement.MOVE:
        found.append("POP3 has no folders: say --settlement delete.")
    return found


def handover_problems(terms: Handover) -> list[str]:
    found = _number_problems(terms)
    if terms.kind is HandoverKind.MAILDIR and not terms.directory.startswith("/"):
        found.append("It has no directory: say --directory with its whole path.")
    if terms.kind is HandoverKind.WEBHOOK:
        found += [] if terms.url.startswith("https://") else ["It has no https address: say --url."]
        found += [] if terms.signing_refs else ["It has no signing secret: say --signing-ref."]
    if terms.kind in (HandoverKind.SMTP, HandoverKind.IMAP) and not _is_host(terms.host):
        found.append("It has no host: say --host.")
    if terms.kind is HandoverKind.LMTP and not terms.socket and not _is_host(terms.host):
        found.append("It has neither host nor socket: say --host or --socket.")
    if terms.kind is HandoverKind.IMAP and not (terms.username and terms.secret_ref):
        found.append("It cannot log in: say --username and --password-ref.")
    if any(each and not is_reference(each) for each in (terms.secret_ref, *terms.signing_refs)):
        found.append("A secret of it is no reference: write keystore:NAME.")
    found += [
        f"{each!r} is no address." for each in terms.recipients if isinstance(parse_address(each), InvalidAddress)
    ]
    return found


def _number_problems(terms: Handover) -> list[str]:
    found = []
    if not 0 <= terms.port < 65_536 or terms.quarantine_days < 1:
        found.append("Its port is no port, or people have no day to decide about what is kept back.")
    if not 0 <= terms.wishes.warn_at <= terms.wishes.quarantine_at:
        found.append("It would put aside what it does not even warn of: --warn-at is at most --quarantine-at.")
    if terms.wishes.on_malware not in (Action.QUARANTINE, Action.REFUSE):
        found.append("Malware is handed over to nobody: --on-malware is quarantine or refuse (RECV-3).")
    return found


def _recipient_problem(text: str) -> str:
    if text.startswith("@"):
        is_wrong = isinstance(parse_domain(text[1:]), InvalidDomain)
    else:
        is_wrong = isinstance(parse_address(text), InvalidAddress)
    return f"{text!r} is neither an address nor @ and a domain." if is_wrong else ""


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_host(text: str) -> bool:
    return not isinstance(parse_domain(text, allow_single_label=True), InvalidDomain)
