"""What routes of holders' and staff's passkeys share: options and credentials in the JSON form of WebAuthn (Level 3 §5.1)."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Request
from pydantic import JsonValue, StringConstraints

from liangzheng.api.bodies import Answer
from liangzheng.api.wired import wired
from liangzheng.infra.webauthn_ceremonies import PasskeySite

LabelText = Annotated[str, StringConstraints(max_length=200)]
Credential = dict[str, JsonValue]


class OptionsAnswer(Answer):
    """For `navigator.credentials`, through `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`."""

    options: dict[str, Any]


def passkey_site(request: Request) -> PasskeySite:
    """The first of LZ_HOSTS is the domain of passkeys; pages of it and of hosts below it may use them. Without hosts, on
    this machine only: a face's own host name, as browsers take no passkey for all of `localhost`."""
    settings = wired(request).settings
    if not settings.hosts:
        host = request.headers.get("host", "").rpartition(":")[0]
        domain = host if host in settings.face_hosts.values() else "localhost"
        return PasskeySite(domain, (f"http://{domain}:{settings.port}",))
    domain = settings.hosts[0]
    below = tuple(host for host in settings.hosts if host == domain or host.endswith(f".{domain}"))
    return PasskeySite(domain, tuple(f"https://{host}" for host in below))


def credential_text(credential: Credential) -> str:
    """The credential as its ceremony reads it."""
    return json.dumps(credential)
