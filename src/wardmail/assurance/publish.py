"""Says which DNS records a sender domain should publish, so that others can tell its mail from forgeries (SHARE-8, SHARE-17)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_LONGEST_STRING = 255  # RFC 1035 3.3: one character string of a TXT record
_KEY_TYPES = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """`name` without a trailing dot; `value` in one piece, however long; `why` is a sentence for the one who enters it."""

    name: str
    type: str
    value: str
    why: str

    @property
    def strings(self) -> list[str]:
        """The value as the strings of at most 255 octets that a TXT record is made of."""
        return [self.value[start : start + _LONGEST_STRING] for start in range(0, len(self.value), _LONGEST_STRING)]


def records_to_publish(
    domain: str,
    keys: Iterable[tuple[str, str, bytes]],
    *,
    senders: Sequence[str] = ("mx",),
    reports_to: str = "",
) -> list[DnsRecord]:
    """`keys` are (selector, algorithm, public key) as `edges.keys.public_key` gives them; retired keys belong here too.

    `senders` are the SPF mechanisms of everything that sends for the domain (`include:spf.protection.outlook.com`);
    `reports_to` is the address for DMARC and TLS reports, by default `dmarc-reports@` and `tls-reports@` the domain.
    """
    spf = DnsRecord(
        domain,
        "TXT",
        f"v=spf1 {' '.join(senders)} ~all",
        "SPF (RFC 7208): merge it into the record you have, there may be only one; name everything that sends for "
        "the domain. With DMARC in place ~all protects as well as -all and spares forwarded mail.",
    )
    return [
        *(dkim_record(domain, *key) for key in keys),
        spf,
        *_policy_records(domain, reports_to or f"dmarc-reports@{domain}", reports_to or f"tls-reports@{domain}"),
    ]


def _policy_records(domain: str, dmarc_to: str, tls_to: str) -> tuple[DnsRecord, ...]:
    return (
        DnsRecord(
            f"_dmarc.{domain}",
            "TXT",
            f"v=DMARC1; p=none; rua=mailto:{dmarc_to}",
            "DMARC (RFC 9989): begin with p=none, read the reports, and go on to p=quarantine and p=reject as soon as "
            "all of your own mail passes.",
        ),
        DnsRecord(
            f"_smtp._tls.{domain}",
            "TXT",
            f"v=TLSRPTv1; rua=mailto:{tls_to}",
            "TLS-RPT (RFC 8460): others tell you daily when they could not reach you over TLS.",
        ),
        DnsRecord(
            f"_mta-sts.{domain}",
            "TXT",
            "v=STSv1; id=1",
            f"MTA-STS (RFC 8461): only together with a policy at https://mta-sts.{domain}/.well-known/mta-sts.txt "
            "(begin with mode: testing); change the id whenever the policy changes.",
        ),
    )


def dkim_record(domain: str, selector: str, algorithm: str, public_key: bytes) -> DnsRecord:
    """The key record of RFC 6376 section 3.6.1 and RFC 8463 section 4."""
    encoded = base64.b64encode(public_key).decode("ascii")
    return DnsRecord(
        f"{selector}._domainkey.{domain}",
        "TXT",
        f"v=DKIM1; h=sha256; k={_KEY_TYPES[algorithm]}; p={encoded}",
        "DKIM: with it everyone can check our signatures; leave the record of a retired key for a week.",
    )


def zone_lines(records: Iterable[DnsRecord], *, ttl: int = 3600) -> Iterator[str]:
    """Lines of a zone file (RFC 1035 5.1): a comment with the reason, then the record; `ttl` in seconds."""
    for record in records:
        yield f"; {record.why}"
        strings = [_quoted(text) for text in record.strings]
        start = f"{record.name}. {ttl} IN {record.type}"
        if len(strings) == 1:
            yield f"{start} {strings[0]}"
        else:
            yield f"{start} ("
            yield from (f"    {text}" for text in strings)
            yield ")"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
