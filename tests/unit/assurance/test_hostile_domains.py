"""Domains whose owner wants to be looked at by nobody: what they publish ends no look, and is shown bounded and plain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from tests.worlds import SettableClock

from wardmail.assurance.domain_desk import DomainDesk, ServersToTry
from wardmail.model.own_domain import DomainReport, ServerLook
from wardmail.model.question import Answer, DnsQuestion, Found, HttpsQuestion, NotFound, Question

LONG = 60_000


@dataclass
class Reports:
    kept: list[DomainReport] = field(default_factory=list)

    def keep(self, report: DomainReport) -> None:
        self.kept.append(report)


class Servers:
    async def look(self, host: str, address: str) -> ServerLook:
        return ServerLook(host, address, is_reached=True)


@dataclass
class Dns:
    answers: Callable[[Question], Answer]

    async def answer(self, question: Question) -> Answer:
        return self.answers(question)


def texts(text: str) -> Callable[[Question], Answer]:
    """This text wherever text is asked for."""

    def answers(question: Question) -> Answer:
        if isinstance(question, HttpsQuestion) or question.rdtype == "TXT":
            return Found((text,))
        return NotFound()

    return answers


def hosts(*records: str) -> Callable[[Question], Answer]:
    def answers(question: Question) -> Answer:
        match question:
            case DnsQuestion(rdtype="MX"):
                return Found(records, authenticated=True)
            case DnsQuestion(rdtype="A"):
                return Found(("10.0.0.1", "nonsense"), authenticated=True)
            case DnsQuestion(rdtype="TLSA"):
                return Found(("3 1 1 zz", f"{'9' * 30} 1 1 00", "3 1 0 " + "00" * 30_000), authenticated=True)
            case _:
                return NotFound()

    return answers


@pytest.mark.parametrize(
    "answers",
    [
        texts("x" * LONG),
        texts("v=spf1 include:" + "a." * (LONG // 2) + "example -all"),
        texts("v=spf1" + " a" * (LONG // 2)),
        texts("v=spf1 include:\x1b[31mred\u202e.example -all"),
        texts("v=spf1 include:hostile.example redirect=hostile.example"),
        texts("v=DMARC1; p=reject;" + "; " * (LONG // 2)),
        texts("v=STSv1; id=1;" + " id=1;" * (LONG // 6)),
        texts("v=DKIM1; k=rsa" + ";p=A" * (LONG // 4)),
        texts(";" + " " * LONG + "p" + " " * LONG),
        hosts(*(f"{n} {'m' * 200}{n}.example." for n in range(100))),
        hosts("garbage", "-1 x.", f"{'9' * 20} y.", "10 ", "10 .", "\u0661 z.", "10 a b c", "10 \\000\x1b.example."),
        hosts("0 ."),
    ],
)
async def test_whatever_is_published_a_look_ends_and_is_shown_plainly(answers: Callable[[Question], Answer]) -> None:
    reports = Reports()
    desk = DomainDesk(None, reports, None, lambda: Dns(answers), SettableClock(), servers=ServersToTry(Servers()))  # type: ignore[arg-type]
    report = await desk.verify("hostile.example", is_ours=False)
    assert isinstance(report, DomainReport)
    assert reports.kept == [report]
    said = [text for each in report.findings for text in (each.check, each.found, each.to_do)]
    said += [text for each in report.spf for text in (each.term, each.problem)]
    assert max(map(len, said)) <= 500
    assert all(text.isprintable() for text in said)
    assert len(report.findings) < 60
    assert len(report.spf) < 100
