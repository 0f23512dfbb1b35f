"""Logs to stderr: logfmt for people, JSON for machines. No subject, body or secret is ever given to a logger."""

from __future__ import annotations

import json
import logging
import re
import sys

from wardmail.model.timestamp import rfc3339

_PAIR = re.compile(r"(\w+)=(\"[^\"]*\"|\S*)")


class LogfmtFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = f"ts={rfc3339(record.created)} level={record.levelname.lower()} {record.getMessage()}"
        return f"{text} error={record.exc_info[0].__name__}" if record.exc_info and record.exc_info[0] else text


class JsonFormatter(logging.Formatter):
    """`event=… key=value` messages become fields; other messages stay whole. Exceptions by type: texts may quote mail."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        fields: dict[str, object] = {
            "ts": rfc3339(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        is_event = message.startswith("event=")
        found = {key: value.strip('"') for key, value in _PAIR.findall(message)} if is_event else {"message": message}
        if record.exc_info and record.exc_info[0]:
            fields["error"] = record.exc_info[0].__name__
        return json.dumps(fields | found, ensure_ascii=False)


def configure(level: str, form: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    as_logfmt = form == "logfmt" or (form == "auto" and sys.stderr.isatty())
    handler.setFormatter(LogfmtFormatter() if as_logfmt else JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("sqlalchemy", "alembic", "httpx2", "httpcore2", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
