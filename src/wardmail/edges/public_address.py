"""Finds where a host name leads, and refuses addresses to which nobody outside may send us (server-side request forgery)."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
_UNICAST = IPv6Network("2000::/3")
"""All that IANA has given to the Internet. Outside lie forms that a translator may lead inwards: ::a.b.c.d,
::ffff:0:a.b.c.d, NAT64 of one's own (64:ff9b:1::/48, RFC 8215) and site-local addresses."""
_Address = IPv4Address | IPv6Address


class AddressRefused(Exception):
    """The name leads to where it must not; the message says so without the address."""


async def address_to_call(host: str, port: int, *, allow_private: bool) -> str:
    """The address that is connected to, and no other: a second look-up could say something else.

    All that the name stands for must be fit. Raises AddressRefused, and OSError when it stands for nothing.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not addresses:
        raise OSError("no address")
    if not all(_is_fit(_bare(each), allow_private=allow_private) for each in addresses):
        raise AddressRefused("its name leads to an address that is not public")
    return str(addresses[0])


def may_call(address: str, *, allow_private: bool) -> bool:
    """Whether somebody outside may send us to this address, of a name that was looked up already."""
    try:
        return _is_fit(_bare(ip_address(address)), allow_private=allow_private)
    except ValueError:
        return False


def _bare(address: _Address) -> _Address:
    """An IPv4 address in IPv6 clothes is what it is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        if address.sixtofour is not None:
            return address.sixtofour
    return address


def _is_fit(address: _Address, *, allow_private: bool) -> bool:
    """Link-local addresses are never fit: clouds keep credentials there."""
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return allow_private or (address.is_global and (address.version == 4 or address in _UNICAST))
