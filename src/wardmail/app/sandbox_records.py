"""The records of the sandbox: one demo integration with its route, credential, source, webhook, keys and agreements."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from wardmail.app.installation import Installation
from wardmail.app.output import today_of
from wardmail.edges.keys import add_dkim_key
from wardmail.manage.integrations import make_credential
from wardmail.manage.routes import preset
from wardmail.manage.webhooks import make_secret
from wardmail.model.agreement import AgreedProtection, Agreement, Appetite, RiskAppetite
from wardmail.model.handover import Handover, HandoverKind
from wardmail.model.integration import Integration, IntegrationState, Limits
from wardmail.model.person import Approval
from wardmail.model.route import RouteKind
from wardmail.model.source import SmtpTerms, Source, SourceKind
from wardmail.model.verdict import Wishes
from wardmail.model.webhook_endpoint import WebhookEndpoint

DEMO = "demo"
SENDER_DOMAIN = "demo.example"
SENDER = f"app@{SENDER_DOMAIN}"
LETTERS = f"letters@{SENDER_DOMAIN}"
WE = "sandbox"

_WEBHOOK_ENTRY = "webhook-demo"
_PARTNERS = (
    # ID, partner, domain, what is shared, days until it ends, who has signed
    ("county-care", "County care homes", "county-care.example", "discharge summaries", 340, True),
    ("hospice", "St Example hospice", "hospice.example", "care plans", 21, True),
    ("pharmacy", "Example pharmacy group", "pharmacy.example", "prescription queries", 200, False),
)


def register_demo(installation: Installation, demo_port: int, authority: Path) -> None:
    """What is there already stays, but for the port that the demo application is told at."""
    _integration(installation)
    _ways_in(installation)
    _webhook(installation, f"https://localhost:{demo_port}/events", authority)
    _agreements(installation)
    if not installation.signer.keys_for(SENDER_DOMAIN):
        for selector, algorithm in (("demo-r", "rsa-sha256"), ("demo-e", "ed25519-sha256")):
            add_dkim_key(installation.keystore, SENDER_DOMAIN, selector, algorithm)


def demo_webhook_secret(installation: Installation) -> str:
    return installation.secrets.reveal(f"keystore:{_WEBHOOK_ENTRY}").decode()


def _integration(installation: Installation) -> None:
    """A fixed password is fit for this alone: loopback, and a route that keeps everything here."""
    snapshot = installation.register.snapshot()
    if "sandbox" not in snapshot.routes:
        installation.register.save_route(preset(RouteKind.SANDBOX, "sandbox"), WE)
    if DEMO in snapshot.integrations:
        return
    limits = Limits(messages_per_minute=600, messages_per_day=None, recipients_per_day=None)
    senders = (SENDER, f"@{SENDER_DOMAIN}")
    demo = Integration(DEMO, "Demo application", "sandbox", senders, IntegrationState.TRIAL, limits=limits)
    installation.register.save_integration(demo, WE)
    networks = ("127.0.0.0/8", "::1/128")
    now, pepper = installation.clock.now(), installation.pepper
    made = make_credential(DEMO, DEMO, pepper, now, lifetime_days=None, networks=networks, secret=DEMO)
    installation.register.save_credential(made.credential, WE)


def _ways_in(installation: Installation) -> None:
    snapshot = installation.register.snapshot()
    if "letters" not in snapshot.sources:
        terms = SmtpTerms(recipients=(LETTERS,), relays=("127.0.0.0/8",))
        source = Source("letters", DEMO, SourceKind.SMTP, smtp=terms)
        installation.sources.save_source(source, WE, "the sandbox's own", lambda _: "")
    if DEMO not in snapshot.handovers:
        handover = Handover(DEMO, HandoverKind.PULL, wishes=Wishes(own_domains=(SENDER_DOMAIN,)))
        installation.sources.save_handover(handover, WE, "the sandbox's own")


def _webhook(installation: Installation, url: str, authority: Path) -> None:
    present = next((each for each in installation.webhooks.all() if each.id == DEMO), None)
    if present is None:
        secret = make_secret(public=False)
        installation.keystore.put(_WEBHOOK_ENTRY, "route-secret", secret.kept.encode())
        refs = (f"keystore:{_WEBHOOK_ENTRY}",)
        endpoint = WebhookEndpoint(DEMO, DEMO, url, refs, allow_private=True, ca_file=str(authority))
        installation.webhooks.add(endpoint, WE)
    elif (present.url, present.stopped) != (url, ""):
        moved = "the demo application is at another port"
        installation.webhooks.change(DEMO, lambda each: replace(each, url=url, stopped=""), "WebhookMoved", WE, moved)


def _agreements(installation: Installation) -> None:
    now = installation.clock.now()
    today = today_of(now)
    if not installation.agreements.statements():
        yes = tuple(Approval(each, now, "an example") for each in ("demo", "demo2"))
        statement = RiskAppetite(1, Appetite.VERIFIED_TLS, "an example", "an example: there is none", WE, now, yes)
        installation.agreements.save_statement(statement, "RiskAppetiteStated", WE, "an example")
    for name, partner, domain, information, days, is_signed in _PARTNERS:
        if name in installation.agreements.all():
            continue
        signed = Approval("demo", now, "an example") if is_signed else None
        agreement = Agreement(
            id=name,
            partner=partner,
            purpose="direct care",
            information=information,
            document="an example: there is none",
            domains=(domain,),
            starts=today - timedelta(days=30),
            ends=today + timedelta(days=days),
            protection=AgreedProtection.VERIFIED_TLS,
            lawful_basis="UK GDPR 6(1)(e), 9(2)(h)",
            partner_contact=f"Information governance of {partner}",
            governance=signed,
            clinical_safety=signed and replace(signed, by="demo2"),
        )
        installation.agreements.save(agreement, "AgreementMade", WE, "an example")
