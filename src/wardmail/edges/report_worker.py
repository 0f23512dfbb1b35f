"""The worker that reads reports of others, and may die of one: what XML takes to read is up to who wrote it."""

from __future__ import annotations

from wardmail.assurance.report_reading import reports_in
from wardmail.edges.report_wire import pack_reports
from wardmail.edges.worker import serve


def main() -> None:
    serve(lambda _, message: pack_reports(reports_in(message)))


if __name__ == "__main__":
    main()
