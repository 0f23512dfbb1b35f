"""The two recipient tables of the guide as data rows: which domains are secure, and why (SHARE-2)."""

from __future__ import annotations

from dataclasses import dataclass

from wardmail.model.standing import Profile, Standing


@dataclass(frozen=True, slots=True)
class TableRow:
    """`pattern` is a domain with every name below it; `*secure.nhs.uk` means a label with that ending under nhs.uk."""

    pattern: str
    standing: Standing
    sentence: str
    source: str

    def covers(self, domain: str) -> bool:
        """Whole labels only: `evilnhs.net` is not covered by `nhs.net`. `domain` is lower-case A-labels."""
        if not self.pattern.startswith("*"):
            return domain == self.pattern or domain.endswith("." + self.pattern)
        ending, _, parent = self.pattern[1:].partition(".")
        above, _, found = domain.rpartition("." + parent)
        return bool(above) and not found and above.rpartition(".")[2].endswith(ending)


_ENGLISH_HEALTH = (
    TableRow("nhs.net", Standing.SECURE, "it is NHSmail, which meets the secure email standard (DCB1596)", "SHARE-3"),
    TableRow(
        "*secure.nhs.uk",
        Standing.SECURE,
        "its name ends in secure.nhs.uk, which is kept for services accredited to the secure email standard (DCB1596)",
        "SHARE-4",
    ),
)

_OWN_SCHEMES = tuple(
    TableRow(pattern, Standing.UNKNOWN, f"{country} runs its own e-mail assurance scheme, outside DCB1596", "SHARE-7")
    for pattern, country in (
        ("scot.nhs.uk", "Scotland"),
        ("nhs.scot", "Scotland"),
        ("wales.nhs.uk", "Wales"),
        ("nhs.wales", "Wales"),
    )
)

_OTHER_NHS = (
    TableRow(
        "nhs.uk",
        Standing.UNKNOWN,
        "it has not shown that it meets the secure email standard: it is not on the accredited list",
        "SHARE-5",
    ),
)

_PUBLIC_SECTOR = tuple(
    TableRow(pattern, Standing.SECURE, f"{what} is on the list for health and care senders", "SHARE-2")
    for pattern, what in (
        ("gov.uk", "government (gov.uk)"),
        ("cjsm.net", "Criminal Justice Secure eMail (cjsm.net)"),
        ("pnn.police.uk", "the Police National Network (pnn.police.uk)"),
        ("mod.uk", "the Ministry of Defence (mod.uk)"),
        ("parliament.uk", "Parliament (parliament.uk)"),
    )
)

PROFILES: dict[Profile, tuple[TableRow, ...]] = {
    Profile.HEALTH_AND_CARE: _ENGLISH_HEALTH + _OWN_SCHEMES + _OTHER_NHS + _PUBLIC_SECTOR,
    Profile.GOVERNMENT: _ENGLISH_HEALTH + _OWN_SCHEMES + _OTHER_NHS,
}
"""The first row that covers a domain speaks for it."""

ANY_OTHER = TableRow("", Standing.UNKNOWN, "nothing is known about it: it is on no list", "SHARE-2")
