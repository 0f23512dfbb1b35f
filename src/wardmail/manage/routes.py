"""The ready-made kinds of route, and what a person may say about one (SEND-2, SEND-5)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from wardmail.model.route import (
    USER_FACING_KINDS,
    AuthMechanism,
    Route,
    RouteKind,
    RouteLimits,
    TlsLevel,
    TlsMode,
)
from wardmail.model.secret_reference import is_reference
from wardmail.protocol.domain import InvalidDomain, parse_domain

USER_FACING = RouteLimits(
    messages_per_minute=30,
    recipients_per_day=10_000,
    recipients_per_message=100,
    connections=2,
    messages_per_connection=100,
)
"""Exchange Online's and NHSmail's own ceilings for one account, with fewer connections than the three they allow."""

NOTIFY = RouteLimits(messages_per_minute=3000, recipients_per_day=250_000, connections=8)
"""GOV.UK Notify's ceilings for one live key; a service in trial has 50 a day."""

_PRESETS: dict[RouteKind, Route] = {
    RouteKind.SMARTHOST: Route("", RouteKind.SMARTHOST),
    RouteKind.NHSMAIL: Route(
        "",
        RouteKind.NHSMAIL,
        host="smtp.office365.com",
        port=587,
        auth=AuthMechanism.XOAUTH2,
        limits=USER_FACING,
        secure_tag="[secure]",
        user_facing=True,
    ),
    RouteKind.EXCHANGE_ONLINE: Route(
        "",
        RouteKind.EXCHANGE_ONLINE,
        host="smtp.office365.com",
        port=587,
        auth=AuthMechanism.XOAUTH2,
        limits=USER_FACING,
        user_facing=True,
    ),
    RouteKind.DIRECT: Route("", RouteKind.DIRECT, port=25, tls=TlsLevel.ENCRYPTED),
    RouteKind.SANDBOX: Route("", RouteKind.SANDBOX, for_bulk=True),
    RouteKind.GOVUK_NOTIFY: Route(
        "",
        RouteKind.GOVUK_NOTIFY,
        host="api.notifications.service.gov.uk",
        port=443,
        tls_mode=TlsMode.IMPLICIT,
        limits=NOTIFY,
        for_bulk=True,
    ),
}


def preset(kind: RouteKind, name: str) -> Route:
    return replace(_PRESETS[kind], name=name)


def problems(route: Route) -> list[str]:
    """What is wrong or risky about a route, each a sentence that says what to do. Empty: it can be used."""
    found = []
    needs_host = route.kind not in (RouteKind.DIRECT, RouteKind.SANDBOX)
    if needs_host and not route.host:
        found.append("It has no host: say --host.")
    elif route.host and not _is_host(route.host):
        found.append("Its host is neither a host name nor an IP address.")
    if route.host == "smtp.office365.com" and route.tls_mode is TlsMode.IMPLICIT:
        found.append("Exchange Online does not offer implicit TLS: use port 587 with STARTTLS.")
    if route.auth is not AuthMechanism.NONE and route.kind is not RouteKind.DIRECT:
        found.extend(_credential_problems(route))
    references = [route.secret_ref, route.oauth.secret_ref if route.oauth else ""]
    if any(text and not is_reference(text) for text in references):
        found.append(
            "A secret of it is no reference: pipe the secret in with --password-stdin or --client-secret-stdin."
        )
    per_day, per_message = route.limits.recipients_per_day, route.limits.recipients_per_message
    if per_day is not None and per_day < per_message:
        found.append(f"One message may have {per_message} recipients, so a day needs at least as many.")
    if route.auth is not AuthMechanism.NONE and route.tls is not TlsLevel.VERIFIED:
        found.append("It logs in, so TLS must be verified: say --tls verified.")
    return found + _traffic_problems(route)


def _traffic_problems(route: Route) -> list[str]:
    limits = route.limits
    ceilings = (limits.messages_per_minute, limits.recipients_per_day, limits.recipients_per_message)
    numbers = (*ceilings, limits.connections, limits.messages_per_connection)
    found = [] if 0 < route.port < 65_536 else ["Its port is none: say --port, as 587."]
    if any(each is not None and each < 1 for each in numbers):
        found.append("A limit of it lets nothing through: each is at least 1, or is left out; pause it instead.")
    if route.kind in USER_FACING_KINDS and not route.user_facing:
        found.append(
            f"A route of the kind {route.kind.value} is a mail service of people; that cannot be taken off it."
        )
    if route.for_bulk and route.is_user_facing:
        found.append("Mass mail never goes by a mail service of people: make another route for it (SEND-4).")
    if route.warm_up is not None and route.limits.recipients_per_day is None:
        found.append("It warms up to nothing: say --recipients-per-day.")
    if route.kind is RouteKind.GOVUK_NOTIFY:
        if not route.secret_ref:
            found.append("It has no API key: say --password-ref, or pipe the key in with --password-stdin.")
        if not route.template:
            found.append("It has no template: say --template with the template's ID.")
    return found


def _is_host(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return not isinstance(parse_domain(host, allow_single_label=True), InvalidDomain)
    return True


def _credential_problems(route: Route) -> list[str]:
    found = []
    if not route.username:
        found.append(f"It logs in by {route.auth.value}, and has no user name: say --username.")
    if route.auth is AuthMechanism.XOAUTH2 and route.oauth is None:
        found.append("It logs in by OAuth: say --token-endpoint, --client-id, --scope and --client-secret.")
    if route.auth in (AuthMechanism.PLAIN, AuthMechanism.LOGIN) and not route.secret_ref:
        found.append("It logs in with a password: say --password-ref, as keystore:NAME.")
    return found
