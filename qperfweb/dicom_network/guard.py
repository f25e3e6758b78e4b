"""Which addresses results may go to: an administrator of a site must not reach inside the server.

A name is resolved once and the connection goes to the address that was checked, so that a second
answer of the name server cannot lead elsewhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowedThere(OSError):
    """The address lies where no result may be sent."""


def checked_address(host: str, port: int) -> str:
    """The address to connect to. Raises NotAllowedThere, or OSError where there is none."""
    found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    for text in sorted(found):
        if not _allowed(ipaddress.ip_address(text.partition("%")[0]), settings.SEND_NETWORKS):
            raise NotAllowedThere(
                f"{host} is {text}, where this installation sends nothing (QPERF_SEND_NETWORKS)"
            )
    return sorted(found)[0]


def _allowed(address: Address, networks: Sequence[str]) -> bool:
    """In one of the networks; without any named, everywhere but in the server and its segment."""
    inner = getattr(address, "ipv4_mapped", None)
    address = inner or address
    if networks:
        return any(address in ipaddress.ip_network(network) for network in networks)
    inside = address.is_loopback or address.is_link_local or address.is_unspecified
    return not (inside or address.is_multicast or address.is_reserved)
