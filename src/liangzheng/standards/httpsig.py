"""HTTP Message Signatures (RFC 9421), the part we use: signing a request with hmac-sha256, and verifying it.

Covered components are fields of the request and the derived components @method, @target-uri, @authority,
@path and @query (§2.2). The signature base is built as §2.5 says; Content-Digest as RFC 9530 says.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from liangzheng.standards.errors import BadSignature, Malformed

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_COMPONENT = re.compile(r"@?[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Request:
    """What is signed of a request: fields by lower-case name, each with its values in the order sent."""

    method: str
    url: str
    fields: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Params:
    """What a signature covers and says of itself (§2.3), in the order it is written. `created`: Unix seconds."""

    components: tuple[str, ...]
    created: int
    keyid: str
    alg: str | None = None
    nonce: str | None = None
    tag: str | None = None

    def __str__(self) -> str:
        """As a structured inner list with its parameters (RFC 8941 §4.1.1.1)."""
        covered = " ".join(f'"{name}"' for name in self.components)
        told = "".join(
            f";{name}={_string(value)}"
            for name, value in (
                ("keyid", self.keyid), ("alg", self.alg), ("nonce", self.nonce), ("tag", self.tag),
            )
            if value is not None
        )  # fmt: skip
        return f"({covered});created={self.created}{told}"


def content_digest(body: bytes) -> str:
    """The Content-Digest field of a body (RFC 9530 §2), SHA-256."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signature_base(request: Request, params: Params) -> bytes:
    """What is signed (§2.5). Raises Malformed for a component the request does not have, or one named twice."""
    if len(set(params.components)) != len(params.components):
        raise Malformed("a component stands twice")
    lines = [f'"{name}": {_value(request, name)}' for name in params.components]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode("ascii")


def sign(request: Request, params: Params, key: bytes, label: str) -> dict[str, str]:
    """The two fields to add: Signature-Input and Signature (§4), by hmac-sha256 (§3.3.3)."""
    if not _KEY.fullmatch(label):
        raise Malformed("a label is a key of a structured dictionary")
    mac = hmac.digest(key, signature_base(request, params), "sha256")
    return {
        "Signature-Input": f"{label}={params}",
        "Signature": f"{label}=:{base64.b64encode(mac).decode()}:",
    }


_SIGNATURE_INPUT: Final = re.compile(
    r'(?P<label>[a-z*][a-z0-9_.*-]*)=\((?P<components>(?:"@?[a-z0-9-]+")?(?: "@?[a-z0-9-]+")*)\)'
    r'(?P<params>(?:;[a-z]+=(?:"(?:[ !#-\[\]-~]|\\["\\])*"|[0-9]{1,15}))*)'
)
_PARAM: Final = re.compile(r';([a-z]+)=("(?:[ !#-\[\]-~]|\\["\\])*"|[0-9]{1,15})')
_SIGNATURE: Final = re.compile(r"(?P<label>[a-z*][a-z0-9_.*-]*)=:(?P<octets>[A-Za-z0-9+/]+={0,2}):")


def verify(
    request: Request, body: bytes, keys: Mapping[str, bytes], demanded: Sequence[str], now: int, fresh_s: int
) -> Params:
    """What a receiver does with one signed request, in steps that raise BadSignature naming the step.

    `keys` by key id; `demanded`: components the signature must cover at the least. One signature in the
    fields is understood, as we send it.
    """
    # 1. the fields are there, once, and well-formed.
    said = _SIGNATURE_INPUT.fullmatch(_only(request, "signature-input"))
    signed = _SIGNATURE.fullmatch(_only(request, "signature"))
    if said is None or signed is None or said["label"] != signed["label"]:
        raise BadSignature("fields: one labelled signature in Signature-Input and Signature")
    params = _params(said["components"], said["params"])
    # 2. what must be covered is covered.
    if not set(demanded) <= set(params.components):
        raise BadSignature("coverage: a component that must be covered is not")
    # 3. it was made a moment ago.
    if abs(now - params.created) > fresh_s:
        raise BadSignature("freshness: created too long ago, or ahead of this clock")
    # 4. the key is known, the algorithm is the one of that key.
    key = keys.get(params.keyid)
    if key is None or params.alg not in (None, "hmac-sha256"):
        raise BadSignature("key: unknown, or for another algorithm")
    # 5. the signature holds. What is compared is made from the parameters as read, which must be as written.
    if str(params) != _only(request, "signature-input").partition("=")[2]:
        raise BadSignature("fields: parameters in another order than this reader writes")
    try:
        expected = hmac.digest(key, signature_base(request, params), "sha256")
        given = base64.b64decode(signed["octets"], validate=True)
    except (Malformed, ValueError):
        raise BadSignature("base: a covered component is not in the request") from None
    if not hmac.compare_digest(expected, given):
        raise BadSignature("signature: does not hold")
    # 6. the body is the one that was signed.
    if "content-digest" in params.components and _only(request, "content-digest") != content_digest(body):
        raise BadSignature("body: not the one that was signed")
    return params


def _params(components: str, written: str) -> Params:
    told: dict[str, str] = {}
    for name, value in _PARAM.findall(written):
        if name in told:
            raise BadSignature("fields: a parameter stands twice")
        told[name] = value
    unknown = set(told) - {"created", "keyid", "alg", "nonce", "tag"}
    created = told.get("created", "")
    if unknown or not created.isdigit() or "keyid" not in told:
        raise BadSignature("fields: created and keyid, and no parameter this reader does not know")
    return Params(
        components=tuple(name.strip('"') for name in components.split(" ") if name),
        created=int(created),
        keyid=_unquoted(told["keyid"]) or "",
        alg=_unquoted(told.get("alg")),
        nonce=_unquoted(told.get("nonce")),
        tag=_unquoted(told.get("tag")),
    )


def _unquoted(value: str | None) -> str | None:
    return None if value is None else re.sub(r'\\(["\\])', r"\1", value[1:-1])


def _string(value: str) -> str:
    if not _PRINTABLE.fullmatch(value):
        raise Malformed("a structured string is printable ASCII")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _only(request: Request, name: str) -> str:
    values = request.fields.get(name, ())
    if len(values) != 1:
        raise BadSignature(f"fields: {name} stands once")
    return values[0]


def _value(request: Request, name: str) -> str:
    if not _COMPONENT.fullmatch(name):
        raise Malformed("a component is a lower-case field name or begins with @")
    if not name.startswith("@"):
        values = request.fields.get(name)
        if values is None:
            raise Malformed(f"the request has no field {name}")
        value = ", ".join(" ".join(line.split("\n")).strip() for line in values)
        if not _PRINTABLE.fullmatch(value):
            raise Malformed(f"{name} is not printable ASCII")
        return value
    parts = urlsplit(request.url)
    if name == "@method":
        return request.method
    if name == "@target-uri":
        return request.url
    if name == "@authority":
        usual = {"https": 443, "http": 80}.get(parts.scheme)
        host = parts.netloc.lower().rpartition("@")[2]
        return host.removesuffix(f":{usual}")
    if name == "@path":
        return parts.path or "/"
    if name == "@query":
        return f"?{parts.query}"
    raise Malformed(f"{name} is not a component of a request we sign")
