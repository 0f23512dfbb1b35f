"""Addresses that others choose for us: none leads inwards, in whatever form it is written."""

from __future__ import annotations

import pytest

from wardmail.edges.public_address import may_call


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "255.255.255.255",
        "::1",
        "fd00:ec2::254",
        "fe80::1%1",
        "fec0::1",
        "::10.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "2002:a00:1::",
        "2001:0:a00:1::",
        "2001:db8::1",
        "5f00::1",
        "10.1",
        "0x7f000001",
        "",
    ],
)
def test_what_leads_inwards_is_not_called(address: str) -> None:
    assert not may_call(address, allow_private=False)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "2002:808:808::"]
)
def test_the_internet_is(address: str) -> None:
    assert may_call(address, allow_private=False)


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "ff02::1"])
def test_link_local_addresses_are_never(address: str) -> None:
    assert not may_call(address, allow_private=True)
