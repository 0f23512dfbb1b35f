"""Every metric there is, with what it means; docs/reference/metrics.md, the board and the alert rules are held to it."""

from __future__ import annotations

from wardmail.protocol.exposition import Family

LATENCY = Family(
    "wardmail_delivery_latency_seconds",
    "histogram",
    "From the acceptance of a copy to its delivery, or its handing on to a relay.",
)

COUNTERS = (
    Family(
        "wardmail_messages_total",
        "counter",
        "Messages that applications handed in: accepted, refused (for good), deferred (to be tried again).",
        ("integration", "direction", "result"),
    ),
    Family("wardmail_submission_refusals_total", "counter", "Messages refused or deferred, by code.", ("code",)),
    Family(
        "wardmail_policy_decisions_total", "counter", "Rules that spoke in decisions on copies.", ("rule", "outcome")
    ),
    Family(
        "wardmail_delivery_attempts_total",
        "counter",
        "Attempts for one copy each, by what came of them and the first digit of the reply.",
        ("route", "result", "code_class"),
    ),
    Family(
        "wardmail_delivery_tls_total",
        "counter",
        "Attempts for one copy each, by the TLS that was required and that was achieved.",
        ("route", "required", "achieved"),
    ),
    Family("wardmail_arrivals_total", "counter", "Incoming messages that came to a state.", ("state",)),
    Family("wardmail_webhook_deliveries_total", "counter", "Posts to webhooks of integrations.", ("result",)),
    Family("wardmail_webhooks_given_up_total", "counter", "Notices that a webhook never took.", ("kind",)),
    Family("wardmail_metrics_dropped_total", "counter", "Counts for which there was no room."),
)

GAUGES = (
    Family("wardmail_build_info", "gauge", "Always 1.", ("version",)),
    Family("wardmail_workers", "gauge", "Worker processes: working, or missing.", ("state",)),
    Family("wardmail_ready", "gauge", "1 when the part does its work, as /readyz says.", ("part",)),
    Family("wardmail_store_up", "gauge", "0 when the store did not say what waits: those numbers are then missing."),
    Family("wardmail_disk_free_bytes", "gauge", "Free on the disk of the data directory."),
    Family("wardmail_queue_messages", "gauge", "Copies that wait for an attempt or are in one.", ("state",)),
    Family("wardmail_queue_oldest_age_seconds", "gauge", "Since the oldest of them was accepted.", ("state",)),
    Family("wardmail_required_tls_messages", "gauge", "Of these, copies that need TLS."),
    Family("wardmail_required_tls_oldest_age_seconds", "gauge", "Since the oldest of those was accepted."),
    Family("wardmail_holds", "gauge", "Copies that wait for a person.", ("time_critical",)),
    Family("wardmail_hold_oldest_age_seconds", "gauge", "Since the oldest was held.", ("time_critical",)),
    Family("wardmail_inbound_messages", "gauge", "Incoming messages that are not done with.", ("state",)),
    Family("wardmail_inbound_oldest_age_seconds", "gauge", "Since the oldest of them came in.", ("state",)),
    Family("wardmail_webhooks_waiting", "gauge", "Notices that wait to be posted.", ("kind",)),
    Family("wardmail_webhook_oldest_age_seconds", "gauge", "Since the oldest of them was due first.", ("kind",)),
    Family("wardmail_paused_integrations", "gauge", "Integrations whose circuit breaker is open."),
    Family("wardmail_list_age_seconds", "gauge", "Since a list was imported.", ("list",)),
    Family("wardmail_certificate_expiry_timestamp_seconds", "gauge", "When our certificate ends."),
    Family(
        "wardmail_credential_expiry_timestamp_seconds",
        "gauge",
        "When the first of an integration's credentials in use ends.",
        ("integration",),
    ),
    Family(
        "wardmail_upstream_credential_expiry_timestamp_seconds",
        "gauge",
        "When the first secret of a route or source ends, where its end is recorded.",
        ("kind", "name"),
    ),
    Family(
        "wardmail_accreditation_expiry_timestamp_seconds", "gauge", "When a route's accreditation ends.", ("route",)
    ),
)

FAMILIES = (*COUNTERS, LATENCY, *GAUGES)
