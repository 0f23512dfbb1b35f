"""`wardmail status`: how the gateway stands, on one screen."""

from __future__ import annotations

from collections.abc import Mapping

import click

from wardmail.app.output import emit, json_option, say, span, table


@click.command()
@json_option
@click.pass_obj
def command(config_path: str | None, as_json: bool) -> None:
    """What waits, for how long, and whether the gateway is ready. The numbers are those of /metrics."""
    from wardmail.app.commands.ready import tell
    from wardmail.app.installation import Installation
    from wardmail.app.metrics import queue_gauges
    from wardmail.app.outside_view import parts_now
    from wardmail.store.gauges import read_gauges
    from wardmail.web.operations import report_of

    installation = Installation.at(config_path)
    gauges = queue_gauges(read_gauges(installation.database), installation.clock.now())
    parts = parts_now(installation)
    if as_json:
        numbers = {
            name: {",".join(key) or "all": value for key, value in each.items()} for name, each in gauges.items()
        }
        emit(report_of(parts) | {"numbers": numbers})
        return
    tell(parts)
    say()
    rows = [(name, f"{counts[key]:.0f}", span(ages[key])) for name, key, counts, ages in _lines(gauges)]
    table(("Waiting", "Count", "Oldest"), rows)


Samples = Mapping[tuple[str, ...], float]


def _lines(gauges: Mapping[str, Samples]) -> list[tuple[str, tuple[str, ...], Samples, Samples]]:
    return [
        (_HELD.get(key[0], f"{words} {key[0]}") if key else words, key, gauges[counts], gauges[ages])
        for words, counts, ages in _SHOWN
        for key in sorted(gauges[counts])
    ]


_HELD = {"true": "held, time-critical", "false": "held, other"}
_SHOWN = (
    ("outgoing, needs TLS", "wardmail_required_tls_messages", "wardmail_required_tls_oldest_age_seconds"),
    ("outgoing,", "wardmail_queue_messages", "wardmail_queue_oldest_age_seconds"),
    ("held,", "wardmail_holds", "wardmail_hold_oldest_age_seconds"),
    ("incoming,", "wardmail_inbound_messages", "wardmail_inbound_oldest_age_seconds"),
    ("webhook notices,", "wardmail_webhooks_waiting", "wardmail_webhook_oldest_age_seconds"),
)
