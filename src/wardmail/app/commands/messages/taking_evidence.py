"""`wardmail messages evidence`: one message's evidence as HTML and JSON, with a signed list of both."""

from __future__ import annotations

from pathlib import Path

import click

from wardmail.app.acting import acting_person, by_option, reason_option
from wardmail.app.failures import not_found
from wardmail.app.installation import Installation
from wardmail.app.output import emit, json_option, say
from wardmail.model.person import Permission


@click.command()
@click.argument("message_id")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("evidence"), show_default=True)
@reason_option()
@by_option
@json_option
@click.pass_obj
def evidence(config_path: str | None, *, message_id: str, out: Path, reason: str, by: str, as_json: bool) -> None:
    """Write what proves how a message was dealt with: decisions, rules, TLS, receipts, events. Nothing of what it says."""
    from wardmail.app.evidence import pack_of_message, write_pack
    from wardmail.app.evidence_about import evidence_of

    installation = Installation.at(config_path)
    actor = acting_person(installation, by, Permission.TAKE_EVIDENCE)
    found = evidence_of(installation, message_id, actor.name)
    if found is None:
        raise not_found("message", message_id, "wardmail messages")
    files = [
        str(each) for each in write_pack(installation, out, pack_of_message(installation, found), actor.id, reason)
    ]
    if as_json:
        emit({"id": message_id, "files": files})
        return
    for each in files:
        say(each)
