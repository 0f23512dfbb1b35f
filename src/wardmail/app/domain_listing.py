"""Every domain that the gateway knows of: ours, and others' that were put on record."""

from __future__ import annotations

from wardmail.app.domain_wiring import domain_book_desk, domain_keys
from wardmail.app.installation import Installation
from wardmail.assurance.domain_desk import our_domains
from wardmail.model.own_domain import KeyState
from wardmail.model.reading import Record


def all_domains(installation: Installation) -> list[Record]:
    """What integrations send as, what has a key, and what is on record. Blocking."""
    integrations = installation.register.snapshot().integrations.values()
    senders: dict[str, list[str]] = {}
    for each in integrations:
        for domain in {sender.rpartition("@")[2] for sender in each.senders}:
            senders.setdefault(domain, []).append(each.id)
    keys, known = domain_keys(installation).all(), domain_book_desk(installation).all()
    ours = set(our_domains(integrations, {each.domain for each in keys}, known))
    return [
        {
            "domain": name,
            "ours": name in ours,
            "integrations": sorted(senders.get(name, [])),
            "signing_keys": sum(each.domain == name and each.state is KeyState.ACTIVE for each in keys),
            "note": known[name].note if name in known else "",
        }
        for name in sorted(ours | set(known))
    ]
