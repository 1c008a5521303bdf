"""What routes of holders' and staff's passkeys share: options and credentials in the JSON form of WebAuthn (Level 3 §5.1)."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Request
from pydantic import JsonValue, StringConstraints

from liangzheng.api.bodies import Answer
from liangzheng.api.frame import host_name
from liangzheng.api.wired import wired
from liangzheng.infra.webauthn_ceremonies import PasskeySite

LabelText = Annotated[str, StringConstraints(max_length=200)]
Credential = dict[str, JsonValue]


class OptionsAnswer(Answer):
    """For `navigator.credentials`, through `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`."""

    options: dict[str, Any]


def passkey_site(request: Request) -> PasskeySite:
    """Of a web app: its own host name, so that no other app's pages can have its passkeys used (docs/decisions/0012). Of
    programs that ask the API itself: the first of LZ_HOSTS is the domain, and pages of it and of hosts below it may use them.
    Without hosts `localhost`, which is this machine."""
    settings = wired(request).settings
    host = host_name(request.headers.get("host", ""))
    if host in settings.face_hosts.values():
        return PasskeySite(host, (settings.origin(host),))
    domain = settings.hosts[0] if settings.hosts else "localhost"
    below = (each for each in settings.hosts or (domain,) if each == domain or each.endswith(f".{domain}"))
    return PasskeySite(domain, tuple(map(settings.origin, below)))


def credential_text(credential: Credential) -> str:
    """The credential as its ceremony reads it."""
    return json.dumps(credential)
