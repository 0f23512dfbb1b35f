"""The ready-made kinds of route, and what a person may say about one (SEND-2, SEND-5)."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from wardmail.model.route import AuthMechanism, Route, RouteKind, RouteLimits, TlsLevel, TlsMode
from wardmail.protocol.domain import InvalidDomain, parse_domain

USER_FACING = RouteLimits(
    messages_per_minute=30,
    recipients_per_day=10_000,
    recipients_per_message=100,
    connections=2,
    messages_per_connection=100,
)
"""Exchange Online's and NHSmail's own ceilings for one account, with fewer connections than the three they allow."""

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
    ),
    RouteKind.EXCHANGE_ONLINE: Route(
        "",
        RouteKind.EXCHANGE_ONLINE,
        host="smtp.office365.com",
        port=587,
        auth=AuthMechanism.XOAUTH2,
        limits=USER_FACING,
    ),
    RouteKind.DIRECT: Route("", RouteKind.DIRECT, port=25, tls=TlsLevel.ENCRYPTED),
    RouteKind.SANDBOX: Route("", RouteKind.SANDBOX),
}


def preset(kind: RouteKind, name: str) -> Route:
    return replace(_PRESETS[kind], name=name)


def problems(route: Route) -> list[str]:
    """What is wrong or risky about a route, each a sentence that says what to do. Empty: it can be used."""
    found = []
    needs_host = route.kind in (RouteKind.SMARTHOST, RouteKind.NHSMAIL, RouteKind.EXCHANGE_ONLINE)
    if needs_host and not route.host:
        found.append("It has no host: say --host.")
    elif route.host and not _is_host(route.host):
        found.append("Its host is neither a host name nor an IP address.")
    if route.host == "smtp.office365.com" and route.tls_mode is TlsMode.IMPLICIT:
        found.append("Exchange Online does not offer implicit TLS: use port 587 with STARTTLS.")
    if route.auth is not AuthMechanism.NONE and route.kind is not RouteKind.DIRECT:
        found.extend(_credential_problems(route))
    per_day, per_message = route.limits.recipients_per_day, route.limits.recipients_per_message
    if per_day is not None and per_day < per_message:
        found.append(f"One message may have {per_message} recipients, so a day needs at least as many.")
    if route.auth is not AuthMechanism.NONE and route.tls is not TlsLevel.VERIFIED:
        found.append("It logs in, so TLS must be verified: say --tls verified.")
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
