"""A certificate that names things twice is read as far as it can be: whoever shows it ends no look."""

from __future__ import annotations

from unittest import mock

import pytest
from cryptography import x509

from wardmail.edges.certificate_facts import facts_of


@pytest.mark.parametrize(
    "failure",
    [
        x509.DuplicateExtension("twice", x509.SubjectAlternativeName.oid),
        x509.UnsupportedGeneralNameType("an EDI party"),
        x509.ExtensionNotFound("none", x509.SubjectAlternativeName.oid),
    ],
)
def test_odd_names_are_no_names(failure: Exception) -> None:
    certificate = mock.MagicMock()
    type(certificate).extensions = mock.PropertyMock(side_effect=failure)
    certificate.not_valid_after_utc.timestamp.return_value = 5.0
    facts = facts_of(certificate)
    assert (facts.names, facts.expires_at, facts.is_strong) == ((), 5.0, False)
