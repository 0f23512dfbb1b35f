"""Evaluates SPF: may this address send for this domain? Asks the DNS within the limits of RFC 7208 section 4.6.4."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from wardmail.model.question import Answer, DnsQuestion, Found, NotFound, Question, Unknown
from wardmail.posture.spf_macros import (
    MacroValues,
    expand,
    expand_domain,
    needs_local_part,
    needs_validated_name,
    reverse_name,
)
from wardmail.posture.spf_record import (
    BadRecord,
    Mechanism,
    SpfRecord,
    SpfVerdict,
    is_explanation,
    parse_spf,
    spf_records,
)

MOST_LOOKUPS = 10
MOST_VOID = 2
MOST_NAMES = 10

_Address = IPv4Address | IPv6Address
_Inquiry = Generator[Question, Answer, SpfVerdict]


@dataclass(frozen=True, slots=True)
class SpfResult:
    """`domain` is whose record was judged; `identity` is mailfrom or helo; `explanation` is the domain's own, if any."""

    verdict: SpfVerdict
    domain: str
    identity: str
    reason: str
    explanation: str = ""


class _Stop(Exception):
    """The evaluation ends here with an error."""

    def __init__(self, verdict: SpfVerdict, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


@dataclass(slots=True)
class _Budget:
    lookups: int = 0
    void: int = 0

    def spend(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise _Stop(SpfVerdict.PERMERROR, f"it needs more than {MOST_LOOKUPS} DNS look-ups")

    def spend_void(self) -> None:
        self.void += 1
        if self.void > MOST_VOID:
            raise _Stop(SpfVerdict.PERMERROR, f"more than {MOST_VOID} of its DNS look-ups find nothing")


def check_spf(
    ip: str, helo: str, sender: str, *, now: float = 0.0, receiver: str = "unknown"
) -> Generator[Question, Answer, SpfResult]:
    """`sender` is MAIL FROM, empty for the null sender: then HELO is judged (section 2.4)."""
    local, _, domain = sender.rpartition("@")
    identity = "mailfrom" if domain else "helo"
    domain = (domain if sender else helo).rstrip(".")
    address = _plain_address(ip)
    values = MacroValues(address, local or "postmaster", domain, helo, now, receiver)
    evaluation = _Evaluation(values)
    if not _is_name(domain):
        return SpfResult(SpfVerdict.NONE, domain, identity, "the domain is no fully qualified name")
    try:
        verdict = yield from evaluation.check(domain)
    except _Stop as stop:
        return SpfResult(stop.verdict, domain, identity, stop.reason)
    explanation = ""
    if verdict is SpfVerdict.FAIL and evaluation.explain is not None:
        explanation = yield from evaluation.explained(*evaluation.explain)
    return SpfResult(verdict, domain, identity, evaluation.reason, explanation)


class _Evaluation:
    """One check, with its budget, its includes and its redirects."""

    def __init__(self, values: MacroValues) -> None:
        self._values = values
        self._budget = _Budget()
        self._validated: dict[str, list[str]] = {}
        self.reason = ""
        self.explain: tuple[str, str] | None = None

    def check(self, domain: str) -> _Inquiry:
        """check_host() of section 4. Raises _Stop for errors."""
        record = yield from self._record(domain)
        if record is None:
            self.reason = f"{domain} has no SPF record"
            return SpfVerdict.NONE
        for mechanism in record.mechanisms:
            if (yield from self._matches(mechanism, domain)):
                self.reason = f"{mechanism.name} of {domain}'s record matches"
                self.explain = (record.explanation, domain) if record.explanation else None
                return mechanism.verdict
        is_last = not any(each.name == "all" for each in record.mechanisms)
        if record.redirect and is_last and self._can_expand(record.redirect):
            return (yield from self._redirected(record, domain))
        self.reason = f"nothing in {domain}'s record matches"
        return SpfVerdict.NEUTRAL

    def explained(self, text: str, domain: str) -> Generator[Question, Answer, str]:
        """Section 6.2: errors here change nothing but the words."""
        try:
            name = yield from self._domain(text, domain)
            if not _can_be_asked(name):
                return ""
            answer = yield DnsQuestion(_literal(name), "TXT")
            if not isinstance(answer, Found) or len(answer.records) != 1 or not is_explanation(answer.records[0]):
                return ""
            words = answer.records[0]
            validated = (yield from self._validated_name(domain)) if needs_validated_name(words) else "unknown"
        except _Stop:
            return ""
        explanation = expand(words, self._values, domain, validated)
        return explanation if explanation.isascii() and explanation.isprintable() else ""

    def _record(self, domain: str) -> Generator[Question, Answer, SpfRecord | None]:
        answer = yield DnsQuestion(_literal(domain), "TXT")
        match answer:
            case Unknown(why):
                raise _Stop(SpfVerdict.TEMPERROR, f"the DNS gave no answer for {domain}: {why}")
            case NotFound():
                return None
        found = spf_records(answer.records)
        if not found:
            return None
        if len(found) > 1:
            raise _Stop(SpfVerdict.PERMERROR, f"{domain} has {len(found)} SPF records")
        try:
            return parse_spf(found[0])
        except BadRecord as error:
            raise _Stop(SpfVerdict.PERMERROR, f"the SPF record of {domain} cannot be read: {error}") from error

    def _redirected(self, record: SpfRecord, domain: str) -> _Inquiry:
        self._budget.spend()
        target = yield from self._domain(record.redirect, domain)
        if not _is_name(target):
            raise _Stop(SpfVerdict.PERMERROR, "it redirects to something that is no name")
        verdict = yield from self.check(target)
        if verdict is SpfVerdict.NONE:
            raise _Stop(SpfVerdict.PERMERROR, f"it redirects to {target}, which has no SPF record")
        return verdict

    def _matches(self, mechanism: Mechanism, domain: str) -> Generator[Question, Answer, bool]:
        match mechanism.name:
            case "all":
                return True
            case "ip4" | "ip6":
                network = mechanism.network
                return network is not None and self._values.ip.version == network.version and self._values.ip in network
        self._budget.spend()
        if not self._can_expand(mechanism.domain):
            return False
        target = (yield from self._domain(mechanism.domain, domain)) if mechanism.domain else domain
        match mechanism.name:
            case "include":
                return (yield from self._included(target))
            case "exists":
                return bool((yield from self._lookup(target, "A")))
            case "a":
                return (yield from self._has_address(target, mechanism))
            case "mx":
                return (yield from self._has_mail_host(target, mechanism))
            case _:
                return bool((yield from self._validated_names(target)))

    def _included(self, target: str) -> Generator[Question, Answer, bool]:
        if not _is_name(target):
            raise _Stop(SpfVerdict.PERMERROR, "it includes something that is no name")
        kept = self.explain
        verdict = yield from self.check(target)
        self.explain = kept
        if verdict is SpfVerdict.NONE:
            raise _Stop(SpfVerdict.PERMERROR, f"it includes {target}, which has no SPF record")
        return verdict is SpfVerdict.PASS

    def _has_mail_host(self, target: str, mechanism: Mechanism) -> Generator[Question, Answer, bool]:
        records = yield from self._lookup(target, "MX")
        hosts = [record.partition(" ")[2].rstrip(".") for record in records]
        if len(hosts) > MOST_NAMES:
            raise _Stop(SpfVerdict.PERMERROR, f"{target} has more than {MOST_NAMES} mail hosts")
        for host in hosts:
            if host and (yield from self._has_address(host, mechanism)):
                return True
        return False

    def _has_address(self, host: str, mechanism: Mechanism) -> Generator[Question, Answer, bool]:
        ip = self._values.ip
        length = mechanism.v4_length if ip.version == 4 else mechanism.v6_length
        records = yield from self._lookup(host, "A" if ip.version == 4 else "AAAA")
        return any(ip in ip_network(f"{record}/{length}", strict=False) for record in records)

    def _validated_names(self, target: str) -> Generator[Question, Answer, list[str]]:
        """Section 5.5: names of the address that lead back to it and are, or lie below, the target."""
        if "" not in self._validated:
            self._validated[""] = yield from self._names()
        wanted = target.lower().rstrip(".")
        return [name for name in self._validated[""] if name == wanted or name.endswith(f".{wanted}")]

    def _names(self) -> Generator[Question, Answer, list[str]]:
        answer = yield DnsQuestion(reverse_name(self._values.ip), "PTR")
        if not isinstance(answer, Found):
            if isinstance(answer, NotFound):
                self._budget.spend_void()
            return []
        kind = "A" if self._values.ip.version == 4 else "AAAA"
        found = []
        for name in [record.rstrip(".").lower() for record in answer.records[:MOST_NAMES]]:
            if not _is_name(name):
                continue
            back = yield DnsQuestion(name, kind)
            if isinstance(back, Found) and self._values.ip in map(ip_address, back.records):
                found.append(name)
        return found

    def _validated_name(self, domain: str) -> Generator[Question, Answer, str]:
        """%{p} (section 7.3): the domain itself, else a name below it, else any validated name, else `unknown`."""
        below = yield from self._validated_names(domain)
        exact = [name for name in below if name == domain.lower()]
        return next(iter([*exact, *below, *self._validated[""]]), "unknown")

    def _can_expand(self, text: str) -> bool:
        """A local part that is not ASCII fits no name: what has it matches nothing (RFC 8616 section 4)."""
        return self._values.local.isascii() or not needs_local_part(text)

    def _domain(self, text: str, domain: str) -> Generator[Question, Answer, str]:
        validated = "unknown"
        if needs_validated_name(text):
            validated = yield from self._validated_name(domain)
        return expand_domain(text, self._values, domain, validated)

    def _lookup(self, name: str, kind: str) -> Generator[Question, Answer, tuple[str, ...]]:
        if not _can_be_asked(name):
            self._budget.spend_void()
            return ()
        answer = yield DnsQuestion(_literal(name), kind)
        match answer:
            case Unknown(why):
                raise _Stop(SpfVerdict.TEMPERROR, f"the DNS gave no answer for {name}: {why}")
            case NotFound():
                self._budget.spend_void()
                return ()
            case Found(records):
                return records


def _plain_address(text: str) -> _Address:
    """An IPv4 address that came wrapped in IPv6 is what it is (section 4.1). Raises ValueError for no address."""
    address = ip_address(text)
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _is_name(domain: str) -> bool:
    labels = domain.split(".")
    return len(labels) > 1 and _can_be_asked(domain)


def _can_be_asked(name: str) -> bool:
    labels = name.rstrip(".").split(".")
    return name.isascii() and len(name) <= 253 and all(0 < len(label) <= 63 for label in labels)


def _literal(name: str) -> str:
    """In a question a backslash would begin an escape; a sender who writes one means the character."""
    return name.replace("\\", "\\\\")
