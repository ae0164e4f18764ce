"""Which hosts the server may be led to: an admin of one tenant must not make it call into its own network.

``PODSERVER_LOCAL_HOSTS`` lists the hosts inside it that are wanted, as ``host`` or ``host:port``.
"""

from __future__ import annotations

import ipaddress
import socket


class InsideNetwork(Exception):
    """The host is inside this server's own network, and the operator has not allowed it."""


def addresses(host: str, port: int, local_hosts: frozenset[str]) -> list[str]:
    """The IP addresses of a host that may be connected to, in the resolver's order.

    Whoever connects to one of them, and not to the name, cannot be led astray by a name that changes meanwhile.
    Raises OSError where there is no such host, InsideNetwork.
    """
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    allowed = host.lower() in local_hosts or f"{host.lower()}:{port}" in local_hosts
    if not allowed and any(not ipaddress.ip_address(each.partition("%")[0]).is_global for each in found):
        raise InsideNetwork(host)
    return list(dict.fromkeys(found))
