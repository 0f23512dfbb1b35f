"""Every setting there is: its name, what it means, and what it is when nobody says otherwise."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """`key` is the dotted TOML name. `kind` is str, int, float, bool or list (of str). `least` is for numbers."""

    key: str
    kind: type
    default: object | Callable[[], object]
    meaning: str
    least: float | None = None

    def initial(self) -> object:
        return self.default() if callable(self.default) else self.default


SETTINGS: tuple[Setting, ...] = (
    Setting("gateway.hostname", str, socket.getfqdn, "the name we greet with, sign reports as and write into Received"),
    Setting("gateway.location", str, "", "country where messages and backups are kept, as GB (ISO 3166)"),
    Setting("gateway.data", str, "/var/lib/wardmail", "directory of the database, the spool and the keystore"),
    Setting("gateway.database", str, "", "sqlite:///PATH or postgresql://…; empty: wardmail.db in the data directory"),
    Setting("gateway.workers", int, 0, "worker processes; 0: one for each processor", least=0),
    Setting("gateway.clock_ahead_days", float, 0.0, "for trials only: how far ahead of this machine's clock we live"),
    Setting("listen.submissions", list, ["[::]:465"], "addresses for implicit TLS (RFC 8314)"),
    Setting("listen.submission", list, ["[::]:587"], "addresses for STARTTLS"),
    Setting("listen.https", list, [], "addresses of the pages and the API, HTTPS; none: there are none"),
    Setting(
        "listen.client_ca_file",
        str,
        "",
        "PEM file: authorities whose client certificates integrations may show to the API; empty: none are asked for",
    ),
    Setting("pages.organisation", str, "", "whose gateway it is, as pages say it"),
    Setting("pages.environment", str, "", "sandbox, test and so on, as pages say it; empty: the live service"),
    Setting(
        "pages.address",
        str,
        "",
        "https address by which people reach the pages; empty: our host name and the port of listen.https",
    ),
    Setting("pages.profile", str, "health-and-care", "whose table of secure domains pages go by, or government"),
    Setting(
        "pages.check_networks",
        list,
        ["127.0.0.0/8", "::1/128"],
        "from where anybody may ask whether it is safe to e-mail an address",
    ),
    Setting("oidc.issuer", str, "", "identity provider through which people log in, as https://…; empty: none"),
    Setting("oidc.name", str, "your organisation's account", "how the log-in page calls it, after 'Log in with'"),
    Setting("oidc.client_id", str, "", "our name at the provider"),
    Setting("oidc.client_secret", str, "", "where our secret for it is, as keystore:NAME"),
    Setting("oidc.client_key", str, "", "instead: where our private key (PEM, with its certificate for Entra ID) is"),
    Setting("oidc.scopes", list, ["openid", "profile", "email"], "what is asked of it"),
    Setting("oidc.roles", list, [], "which group gives which role, as 'group = role'; whoever has none is not let in"),
    Setting("oidc.groups_claim", str, "groups", "the claim of the ID token with the groups; roles for app roles"),
    Setting("oidc.subject_claim", str, "sub", "the claim that never changes for a person; oid for Entra ID"),
    Setting("oidc.amr", list, ["mfa"], "one of these must be in the token's amr: proof of a second factor"),
    Setting("oidc.acr", list, [], "or the token's acr must be one of these, which are also asked for"),
    Setting("oidc.tenants", list, [], "tenants (tid) that may log in, when the issuer serves many"),
    Setting("oidc.newcomers", str, "create", "somebody unknown with a role: create (a person), or refuse"),
    Setting(
        "oidc.key_days", int, 30, "days after a log-in through it for which that person's own key proves them", least=1
    ),
    Setting("oidc.ca_file", str, "", "CA certificates trusted for it instead of the system's; empty: those"),
    Setting("metrics.networks", list, ["127.0.0.0/8", "::1/128"], "from where /metrics may be read, without a log-in"),
    Setting(
        "listen.connections_per_address", int, 200, "connections that one address may have open; 0: no ceiling", least=0
    ),
    Setting(
        "listen.connections_per_minute",
        int,
        3000,
        "connections that one address may open in a minute; 0: no ceiling",
        least=0,
    ),
    Setting(
        "listen.failed_logins", int, 20, "failed log-ins from one address in ten minutes before it must wait", least=1
    ),
    Setting("listen.largest_message_mb", int, 35, "megabytes one message may have", least=1),
    Setting("tls.certificate", str, "", "PEM file: our certificate and its chain"),
    Setting("tls.key", str, "", "PEM file: its private key"),
    Setting("keystore.path", str, "", "the sealed keystore; empty: keystore.json in the data directory"),
    Setting(
        "keystore.master",
        str,
        "",
        "what opens it: file:, env:, credential:, vault:, azure:, or prompt: to be asked; empty: file:master.key",
    ),
    Setting(
        "secrets.keep_seconds",
        float,
        300.0,
        "how long a secret of a vault or token is used before it is read again",
        least=0,
    ),
    Setting("vault.address", str, "", "HashiCorp Vault's https address; empty: none"),
    Setting("vault.namespace", str, "", "its namespace, if it has such"),
    Setting("vault.ca_file", str, "", "CA certificates trusted for it; empty: the system's"),
    Setting("vault.auth", str, "token", "how we log in to it: token, approle or kubernetes"),
    Setting("vault.auth_mount", str, "", "where that method is mounted; empty: its own name"),
    Setting("vault.token", str, "", "token: where it is, as file:PATH (such as an agent's sink)"),
    Setting("vault.role", str, "", "approle: the role ID; kubernetes: the role's name"),
    Setting("vault.secret_id", str, "", "approle: where the secret ID is, as credential:NAME"),
    Setting(
        "vault.jwt_file",
        str,
        "/var/run/secrets/kubernetes.io/serviceaccount/token",
        "kubernetes: file of the service account's token",
    ),
    Setting("azure.tenant", str, "", "Azure Key Vault: the tenant of our application; empty with managed identity"),
    Setting("azure.client_id", str, "", "our application's ID, or that of a user-assigned identity"),
    Setting("azure.client_secret", str, "", "where its secret is, as keystore:NAME"),
    Setting("azure.managed_identity", str, "", "address of the machine's metadata service, instead of a secret"),
    Setting("azure.authority", str, "https://login.microsoftonline.com", "who gives tokens; other clouds have others"),
    Setting("azure.suffix", str, "vault.azure.net", "what follows a key vault's name in its host name"),
    Setting("azure.ca_file", str, "", "CA certificates trusted for both; empty: the system's"),
    Setting("pkcs11.module", str, "", "library of a PKCS #11 token; empty: none (needs the extra wardmail[hsm])"),
    Setting("pkcs11.pin", str, "", "where its PIN is, as credential:NAME or keystore:NAME"),
    Setting("pkcs11.token", str, "", "its label, for references that name none"),
    Setting("retention.days", int, 30, "how long content is kept, where an integration says nothing else", least=0),
    Setting(
        "policy.local", list, [], "local decisions, as 'domain standing reason'; standing: secure, unknown, not-secure"
    ),
    Setting("delivery.expire_after_hours", float, 96.0, "how long an undelivered message is tried", least=0),
    Setting("delivery.notice_after_minutes", float, 60.0, "when the sender is told that a message is delayed", least=0),
    Setting(
        "delivery.lease_seconds", float, 600.0, "how long one process may work on a message before another may", least=1
    ),
    Setting(
        "delivery.retry_minutes", list, [], "the retry schedule, in minutes; empty: 1 5 10 15 30 60 60 120 120 240"
    ),
    Setting("delivery.nameservers", list, [], "DNS servers, as ADDRESS or ADDRESS:PORT; empty: the system's"),
    Setting("delivery.ca_file", str, "", "CA certificates trusted for upstreams besides the system's; empty: none"),
    Setting("delivery.direct_port", int, 25, "the port of other domains' mail servers", least=1),
    Setting(
        "domains.try_mail_servers",
        bool,
        True,
        "whether a look at a domain knocks at its mail servers too; nothing is sent",
    ),
    Setting(
        "domains.watch",
        bool,
        True,
        "whether our own domains are looked at each day, and people are told when one looks worse",
    ),
    Setting("delivery.drain_seconds", float, 30.0, "how long a stopping process may finish what it has begun", least=0),
    Setting("receive.listen", list, [], "addresses where other mail servers bring mail, such as [::]:25; none: nobody"),
    Setting("receive.largest_message_mb", int, 50, "megabytes that a message brought or collected may have", least=1),
    Setting("receive.connections_per_address", int, 50, "connections that one mail server may have open", least=1),
    Setting("receive.connections_per_minute", int, 600, "connections that one address may open in a minute", least=1),
    Setting("receive.nameservers", list, [], "DNS servers that senders are proved by; empty: delivery.nameservers"),
    Setting("receive.data_seconds", float, 20.0, "how long a mail server waits for the verdict at most", least=0.1),
    Setting(
        "receive.unscanned_hours", float, 4.0, "how long mail waits for a silent scanner, before a person", least=0
    ),
    Setting("receive.memory_mb", int, 128, "megabytes of incoming mail that one process works on at once", least=1),
    Setting("receive.collect_seconds", float, 60.0, "how often mailboxes are looked at that tell nothing", least=1),
    Setting("receive.graph_listen", str, "", "address where Microsoft Graph tells of new mail; empty: it is asked"),
    Setting("receive.graph_public", str, "", "https address by which Graph reaches that"),
    Setting(
        "receive.trusted_sealers",
        list,
        [],
        "domains whose ARC seals we believe about mail that they changed on its way",
    ),
    Setting("scan.clamd", str, "", "ClamAV: HOST:PORT or the path of clamd's socket; empty: none"),
    Setting(
        "scan.rspamd", str, "", "Rspamd: address of a worker that scans, such as http://127.0.0.1:11333; empty: none"
    ),
    Setting("scan.rspamd_password", str, "", "where its password is, as keystore:NAME; empty: it asks for none"),
    Setting("scan.spamd", str, "", "SpamAssassin: HOST:PORT or the path of spamd's socket; empty: none"),
    Setting("scan.seconds", float, 30.0, "how long one scanner may take for one message", least=0.1),
    Setting("notices.sender", str, "", "From address of our notices to people; empty: wardmail@ our host name"),
    Setting("notices.route", str, "", "the route that notices take; empty: the integration's own"),
    Setting("notices.webhook", str, "", "https address that alerts are posted to as well; empty: none"),
    Setting("notices.webhook_secret", str, "", "where its signing secret is, as keystore:NAME"),
    Setting(
        "hold.decide_within_hours", float, 336.0, "how long a person has to decide about a held message", least=0.01
    ),
    Setting(
        "hold.first_reminder_hours", float, 24.0, "when the first reminder comes; the next ones double", least=0.01
    ),
    Setting("hold.urgent_minutes", float, 15.0, "how often a time-critical hold alerts, until decided", least=0.01),
    Setting("hold.then", str, "return", "what becomes of a hold that nobody decides: return (to its sender), or keep"),
    Setting(
        "register.grace_days", int, 14, "days for which a due integration's mail is held before it is refused", least=0
    ),
    Setting("register.mend_days", int, 60, "days to fill a gap in a live integration's record", least=0),
    Setting("register.override_days", int, 30, "the longest override of a due record, in days", least=1),
    Setting("contacts.registration", str, "", "whom refusals name for questions about registration"),
    Setting("contacts.mail_team", str, "", "whom refusals name for senders, credentials and ceilings"),
    Setting("contacts.information_governance", str, "", "whom refusals name for what the policy refuses"),
    Setting("contacts.security", str, "", "whom refusals name for information at SECRET or above"),
    Setting("cmdb.instance", str, "", "the ServiceNow instance, as https://trust.service-now.com"),
    Setting("cmdb.class", str, "cmdb_ci_service_auto", "the CMDB class (and table) of an integration"),
    Setting("cmdb.source", str, "Wardmail", "our name among the choices of cmdb_ci.discovery_source"),
    Setting("cmdb.fields", list, [], "the field map, as 'cmdb_field = our_field'; empty: the usual fields"),
    Setting("cmdb.auth", str, "oauth", "oauth (client credentials) or basic"),
    Setting("cmdb.user", str, "", "the client ID, or the user name for basic"),
    Setting("cmdb.secret", str, "", "where its secret is: keystore:NAME, file:PATH, env:NAME or credential:NAME"),
    Setting("cmdb.token_endpoint", str, "", "for oauth; empty: /oauth_token.do of the instance"),
    Setting("cmdb.ca_file", str, "", "CA certificates trusted for the instance instead of the system's; empty: those"),
    Setting(
        "audit.heads", str, "", "directory of the audit's signed daily heads; empty: audit-heads in the data directory"
    ),
    Setting(
        "telemetry.endpoint",
        str,
        "",
        "OpenTelemetry: where spans go, such as https://otel:4318/v1/traces; empty: nowhere",
    ),
    Setting("telemetry.ca_file", str, "", "CA certificates trusted for it; empty: the usual ones"),
    Setting("log.level", str, "info", "debug, info, warning or error"),
    Setting("log.format", str, "auto", "logfmt, json, or auto: logfmt on a terminal"),
)

BY_KEY = {setting.key: setting for setting in SETTINGS}

SECRET_REFERENCES = (
    "vault.token",
    "vault.secret_id",
    "azure.client_secret",
    "pkcs11.pin",
    "scan.rspamd_password",
    "notices.webhook_secret",
    "cmdb.secret",
    "oidc.client_secret",
    "oidc.client_key",
)
"""Settings that say where a secret is."""

MASTER = "keystore.master"
"""Another, with forms of its own."""
