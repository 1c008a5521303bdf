"""From which network a request comes, for limits."""

from __future__ import annotations

from fastapi import Request

from liangzheng.api.wired import wired
from liangzheng.infra.limits import Network, network_of


def client_network(request: Request) -> Network | None:
    """The network of whoever sent it: of the connection, or, behind proxies of ours (LZ_TRUSTED_PROXIES), of the address
    the outermost of them wrote into X-Forwarded-For. What stands left of that, anybody may have written."""
    hops = wired(request).settings.trusted_proxies
    peer = request.client.host if request.client else ""
    lines = request.headers.getlist("x-forwarded-for") if hops else []
    said = [one.strip() for line in lines for one in line.split(",") if one.strip()]
    return network_of(_host(said[-hops]) if 0 < hops <= len(said) else peer)


def _host(said: str) -> str:
    """Without a port: 192.0.2.1:443, [2001:db8::1]:443."""
    if said.startswith("["):
        return said[1:].partition("]")[0]
    return said.partition(":")[0] if said.count(":") == 1 else said
