"""Chooses what the log-in of people stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wardmail.app.installation import Installation
from wardmail.app.provider_wiring import pages_address, provider_desk
from wardmail.edges.second_factors import KeystoreSecondFactors

if TYPE_CHECKING:
    from wardmail.edges.passwords import Argon2Passwords
    from wardmail.manage.log_in import LoginDesk
    from wardmail.manage.people_desk import PeopleDesk
    from wardmail.web.pages.services import IdentityServices


def passwords_of(installation: Installation) -> Argon2Passwords:
    from wardmail.edges.passwords import Argon2Passwords

    return Argon2Passwords(installation.pepper)


def factors_of(installation: Installation) -> KeystoreSecondFactors:
    return KeystoreSecondFactors(lambda: installation.keystore)


def login_desk(installation: Installation) -> LoginDesk:
    from wardmail.manage.log_in import LoginDesk, SecondFactor

    second = SecondFactor(factors_of(installation).of, installation.pepper)
    return LoginDesk(installation.logins, installation.people, passwords_of(installation), second, installation.clock)


def people_desk(installation: Installation) -> PeopleDesk:
    from wardmail.manage.people_desk import LogInStores, PeopleDesk

    stores = LogInStores(installation.logins, factors_of(installation), lambda: passwords_of(installation))
    issuer = installation.settings["pages.organisation"] or installation.settings["gateway.hostname"]
    return PeopleDesk(installation.people, stores, lambda: installation.pepper, installation.clock, issuer)


def identity_services(installation: Installation, desk: LoginDesk) -> IdentityServices:
    from wardmail.manage.account import AccountDesk, AccountStores
    from wardmail.manage.key_log_in import KeyDesk
    from wardmail.manage.log_in import SecondFactor
    from wardmail.protect.security_key import KeyPlace
    from wardmail.store.security_keys import StoreSecurityKeys
    from wardmail.web.pages.services import IdentityServices

    address, clock, pepper = pages_address(installation.settings), installation.clock, installation.pepper
    place = KeyPlace(urlsplit(address).hostname or "", address)
    keys, spent = StoreSecurityKeys(installation.database), installation.provider_logins
    stores = AccountStores(installation.logins, keys, spent, passwords_of(installation))
    second = SecondFactor(factors_of(installation).of, pepper)
    return IdentityServices(
        keys=KeyDesk(desk, keys, spent, place, clock=clock, pepper=pepper),
        account=AccountDesk(desk, stores, second, place, clock),
        people=people_desk(installation),
        provider=provider_desk(installation),
        provider_name=installation.settings["oidc.name"],
    )
