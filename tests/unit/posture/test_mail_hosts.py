"""Which servers take mail for a domain, for every shape of DNS answer."""

from __future__ import annotations

from wardmail.model.delivery import Deferred, Failed
from wardmail.model.question import Answer, DnsQuestion, Found, NotFound, Unknown
from wardmail.posture.dane import DaneFinding, TlsaRecord
from wardmail.posture.mail_host import MailHost, examine_host
from wardmail.posture.mx import HostAddresses, MailHosts, find_addresses, find_mail_hosts

SILENT = Unknown("time-out")


def ask(inquiry, answers):
    """Answer from a dict of "name TYPE"; what is not in it does not exist."""
    answer = None
    try:
        while True:
            question = inquiry.send(answer)
            assert isinstance(question, DnsQuestion)
            answer = answers.get(f"{question.name} {question.rdtype}", NotFound())
    except StopIteration as end:
        return end.value


def hosts(*records, authenticated=False, seed=1):
    return ask(find_mail_hosts("d.example", seed), {"d.example MX": Found(records, authenticated)})


def test_lower_preference_comes_first_and_names_are_normal():
    assert hosts("20 b.example.", "5 A.Example.", "10 c.example.") == MailHosts(("a.example", "c.example", "b.example"))


def test_equal_preferences_are_shuffled_by_the_seed_alone():
    records = [f"10 mx{number}.example." for number in range(6)]
    orders = {hosts(*records, seed=seed).hosts for seed in range(20)}
    assert len(orders) > 10
    assert hosts(*records, seed=7) == hosts(*reversed(records), seed=7)
    assert {frozenset(order) for order in orders} == {frozenset(f"mx{number}.example" for number in range(6))}


def test_null_mx_fails_and_says_so():
    found = hosts("0 .")
    assert isinstance(found, Failed)
    assert found.status == "5.1.10"


def test_a_null_mx_beside_others_is_passed_over():
    assert hosts("0 .", "10 a.example.") == MailHosts(("a.example",))


def test_the_list_is_bounded_and_doubles_are_one():
    assert len(hosts(*(f"10 mx{number}.example." for number in range(500))).hosts) == 20
    assert hosts("10 a.example.", "20 a.example.").hosts == ("a.example",)


def test_no_mx_means_the_domain_itself():
    answers: dict[str, Answer] = {"d.example AAAA": Found(("2001:db8::1",), True)}
    assert ask(find_mail_hosts("d.example", 1), answers) == MailHosts(("d.example",), False, implicit=True)
    answers["d.example MX"] = NotFound(authenticated=True)
    assert ask(find_mail_hosts("d.example", 1), answers) == MailHosts(("d.example",), True, implicit=True)


def test_nothing_at_all_fails_but_silence_defers():
    assert ask(find_mail_hosts("d.example", 1), {}).status == "5.1.2"
    for answers in ({"d.example MX": SILENT}, {"d.example A": SILENT}, {"d.example AAAA": SILENT}):
        found = ask(find_mail_hosts("d.example", 1), answers)
        assert isinstance(found, Deferred)
        assert (found.status, found.counts) == ("4.4.3", False)


def test_one_kind_of_address_is_enough_and_silence_about_the_other_takes_no_proof_away():
    answers = {"h.example A": Found(("192.0.2.1",), True), "h.example AAAA": SILENT}
    assert ask(find_addresses("h.example"), answers) == HostAddresses(("192.0.2.1",), authenticated=True)


ADDRESS = {"h.example A": Found(("192.0.2.1",), True), "h.example AAAA": NotFound(True)}
TLSA = "_25._tcp.h.example TLSA"
GOOD = "3 1 1 " + "ab" * 32


def examine(answers, *, listed_securely=True):
    return ask(examine_host("h.example", 25, listed_securely=listed_securely), ADDRESS | answers)


def test_tlsa_records_count_only_when_everything_is_signed():
    record = TlsaRecord(3, 1, 1, b"\xab" * 32)
    assert examine({TLSA: Found((GOOD,), True)}) == MailHost("h.example", ("192.0.2.1",), DaneFinding((record,), True))
    unsigned = MailHost("h.example", ("192.0.2.1",), DaneFinding())
    assert examine({TLSA: Found((GOOD,), False)}) == unsigned
    assert examine({TLSA: Found((GOOD,), True)}, listed_securely=False) == unsigned
    assert examine({TLSA: Found((GOOD,), True), "h.example A": Found(("192.0.2.1",))}) == unsigned
    assert examine({}) == unsigned


def test_unusable_records_still_demand_tls():
    assert examine({TLSA: Found(("1 1 1 " + "ab" * 32,), True)}).dane == DaneFinding((), demands_tls=True)


def test_a_tlsa_question_without_an_answer_defers():
    found = examine({TLSA: SILENT})
    assert isinstance(found, Deferred)
    assert found.status == "4.7.5"


def test_the_tlsa_question_is_not_asked_of_unsigned_zones():
    assert isinstance(examine({TLSA: SILENT}, listed_securely=False), MailHost)
