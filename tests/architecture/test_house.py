"""The house rules that a machine can check: sizes, logs, ports, commands, requirements."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from wardmail.app.cli import COMMANDS, cli
from wardmail.policy.rules import BUILT_IN_RULES

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [path for path in (ROOT / "src").rglob("*.py") if "migrations" not in path.parts]
RULES = (ROOT / "docs" / "reference" / "rules.md").read_text()
FORBIDDEN_NAMES = re.compile(r"(?:^|_)(?:utils?|helpers?|misc|common|manager|handler)(?:_|$)")
REQUIREMENTS = [
    *(f"SEND-{n}" for n in range(1, 7)),
    *(f"RECV-{n}" for n in range(1, 9)),
    *(f"SEC-{n}" for n in range(1, 6)),
    "CLOUD-1",
    *(f"SHARE-{n}" for n in range(1, 19)),
]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src" / "wardmail")))
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
    long = [f"{each.name}: {_length(each)}" for each in functions(path) if _length(each) > 60]
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    without = [str(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert without == []


def test_no_name_hides_what_is_inside() -> None:
    assert [path.name for path in SOURCES if FORBIDDEN_NAMES.search(path.stem)] == []


def test_nothing_from_a_message_is_logged() -> None:
    """Arguments of log calls are looked at by name: a subject, body, head or secret has no business there."""
    spoken = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_log(node.func):
                words = {part for each in node.args[1:] for part in _names_in(each)}
                spoken += [f"{path.name}:{node.lineno}" for word in words if word in FORBIDDEN_IN_LOGS]
    assert spoken == []


FORBIDDEN_IN_LOGS = {"subject", "body", "head", "secret", "password", "token", "content", "address"}


def test_every_requirement_is_accounted_for() -> None:
    missing = [each for each in REQUIREMENTS if f"| {each} |" not in RULES]
    assert missing == []


def test_what_the_rules_page_names_exists() -> None:
    named = re.findall(r"`((?:src|tests|docs)/[\w/.-]+)`", RULES)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_built_in_rule_names_a_requirement() -> None:
    assert [rule.id for rule in BUILT_IN_RULES if rule.source not in REQUIREMENTS] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_json(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    leaves = list(_leaves(command))
    assert leaves
    for leaf in leaves:
        assert leaf.help, leaf.name
        options = {option for parameter in leaf.params for option in parameter.opts}
        assert "--json" in options or name in {"run", "serve"}, leaf.name


def test_every_port_has_a_contract_or_a_journey() -> None:
    ports = [
        node.name
        for path in (ROOT / "src/wardmail/ports").glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
    ]
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    implementations = {
        "Clock": "SettableClock",
        "Resolver": "DnsResolver",
        "Secrets": "KeystoreSecrets",
        "SigningKey": "add_dkim_key",
        "Signer": "DkimSigner",
        "BodySink": "open_sink",
        "Spool": "SealedSpool",
        "Sealer": "ContentSealer",
        "Blinder": "MonthlyBlinder",
        "Queue": "StoreQueue",
        "Holds": "StoreHolds",
        "Outbox": "StoreOutbox",
        "WebhookPoster": "HttpsPoster",
        "Returns": "StoreReturns",
        "LaterFailures": "NotifyCourier",
        "SubmissionDesk": "SubmissionDesk",
        "Courier": "assemble_courier",
        "Cmdb": "ServiceNow",
        "Mailbox": "ImapMailbox",
        "Scanner": "ClamdScanner",
        "Arrivals": "StoreArrivals",
        "SeenItems": "StoreSeenItems",
        "ReceptionDesk": "ReceivingDesk",
        "HandoverCourier": "assemble_handovers",
        "MessageRecords": "StoredMessageRecords",
        "ArrivalRecords": "StoredArrivalRecords",
        "GivenReplies": "StoreGivenReplies",
        "Notices": "NoticesFeed",
        "Webhooks": "StoreWebhooks",
        "WebhookRecords": "StoredWebhookRecords",
        "HeldRecords": "StoredHeldRecords",
        "HoldBook": "HoldTasks",
        "Logins": "StoreLogins",
        "Passwords": "Argon2Passwords",
        "PersonRecords": "StorePeople",
        "IdentityProvider": "OidcProvider",
        "PeopleBook": "StorePeople",
        "SecondFactors": "KeystoreSecondFactors",
        "ProviderLogins": "StoreProviderLogins",
        "SpentProofs": "StoreProviderLogins",
        "SecurityKeys": "StoreSecurityKeys",
        "EndpointPoster": "SignedPoster",
        "WaitingMail": "StoreWaiting",
        "DomainKeys": "KeystoreDomainKeys",
        "DomainReports": "StoreDomainReports",
        "DomainBook": "StoreKnownDomains",
        "ReportBook": "StoreOutsideReports",
        "LookLimit": "StoreLookLimit",
        "MailServers": "MailServerLook",
        "Selectors": "StoreSelectors",
        "KeptBack": "StoredKeptBack",
        "ArrivalStories": "StoredArrivalStories",
        "WebhookBook": "StoredWebhookBook",
        "SourceRecords": "StoredSourceRecords",
        "Theatre": "SandboxStage",
        "Spans": "OtlpSpans",
        "Figures": "StoreFigures",
        "RegisterBook": "StoreRegister",
        "AgreementBook": "StoreAgreements",
        "PolicyBook": "StorePolicies",
    }
    assert set(ports) == set(implementations)
    assert [port for port, name in implementations.items() if name not in tests] == []


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Without the signature: a command with many options is long before it begins."""
    return (node.end_lineno or 0) - node.body[0].lineno + 1


def _is_log(function: ast.Attribute) -> bool:
    owner = function.value
    return isinstance(owner, ast.Name) and owner.id in {"log", "_log", "logger"} and function.attr != "isEnabledFor"


def _names_in(node: ast.AST) -> set[str]:
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.Attribute):
            found.add(each.attr)
    return found


def _leaves(command: click.Command) -> list[click.Command]:
    if isinstance(command, click.Group):
        return [leaf for each in command.commands.values() for leaf in _leaves(each)]
    return [command]
