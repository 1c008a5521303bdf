"""RFC 9421: the published example, and every part of a signature that must count."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from liangzheng.standards.errors import BadSignature, Malformed
from liangzheng.standards.httpsig import Params, Request, content_digest, sign, signature_base, verify

# RFC 9421, Appendix B.1.5 and B.2: the shared secret and the example request.
SECRET = base64.b64decode(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)
EXAMPLE = Request(
    "POST",
    "https://example.com/foo?param=Value&Pet=dog",
    {
        "host": ["example.com"],
        "date": ["Tue, 20 Apr 2021 02:07:55 GMT"],
        "content-type": ["application/json"],
        "content-length": ["18"],
    },
)
BODY = b'{"hello": "world"}'


def test_the_example_of_the_rfc_signed_with_hmac_sha256() -> None:
    """Appendix B.2.5: signature base, Signature-Input and Signature, octet by octet."""
    params = Params(("date", "@authority", "content-type"), 1618884473, "test-shared-secret")
    assert signature_base(EXAMPLE, params) == (
        b'"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
        b'"@authority": example.com\n'
        b'"content-type": application/json\n'
        b'"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
    )
    assert sign(EXAMPLE, params, SECRET, "sig-b25") == {
        "Signature-Input": 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
        "Signature": "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    }


def test_derived_components_are_those_of_section_2_2() -> None:
    params = Params(("@method", "@target-uri", "@authority", "@path", "@query"), 1, "k")
    assert signature_base(
        replace(EXAMPLE, url="https://Example.com:443/foo?param=Value"), params
    ).splitlines()[:5] == [
        b'"@method": POST',
        b'"@target-uri": https://Example.com:443/foo?param=Value',
        b'"@authority": example.com',
        b'"@path": /foo',
        b'"@query": ?param=Value',
    ]
    bare = signature_base(
        replace(EXAMPLE, url="http://example.com:8080"), Params(("@authority", "@path", "@query"), 1, "k")
    )
    assert bare.splitlines()[:3] == [b'"@authority": example.com:8080', b'"@path": /', b'"@query": ?']


def test_a_field_sent_several_times_is_one_line() -> None:
    request = replace(EXAMPLE, fields={"cache-control": [" max-age=60", "must-revalidate "]})
    base = signature_base(request, Params(("cache-control",), 1, "k"))
    assert base.splitlines()[0] == b'"cache-control": max-age=60, must-revalidate'


def test_the_digest_is_the_one_of_rfc_9530() -> None:
    # RFC 9530 Appendix D: the body {"hello": "world"} with a line end.
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


@pytest.mark.parametrize(
    "components", [("x-missing",), ("Date",), ("date", "date"), ("@status",), ("@method;req",), ("",)]
)
def test_what_cannot_be_covered_is_refused(components: tuple[str, ...]) -> None:
    with pytest.raises(Malformed):
        signature_base(EXAMPLE, Params(components, 1, "k"))


@pytest.mark.parametrize("label", ["", "Sig", "1x", "a b"])
def test_a_label_that_is_no_key_is_refused(label: str) -> None:
    with pytest.raises(Malformed):
        sign(EXAMPLE, Params(("date",), 1, "k"), SECRET, label)


def test_what_is_no_structured_string_is_refused() -> None:
    with pytest.raises(Malformed):
        str(Params(("date",), 1, "k\n"))
    assert str(Params((), 1, 'a"b\\c')) == '();created=1;keyid="a\\"b\\\\c"'


# --- verifying --------------------------------------------------------------------------------------------

COVERED = ("@method", "@target-uri", "content-type", "content-digest")
KEYS = {"notices-1": SECRET}
PARAMS = Params(COVERED, 1000, "notices-1", "hmac-sha256", tag="lz-notice-1")


def signed(params: Params = PARAMS, **fields: str) -> Request:
    sent = {**EXAMPLE.fields, "content-digest": [content_digest(BODY)]}
    request = replace(EXAMPLE, fields=sent)
    both = {name.lower(): [value] for name, value in sign(request, params, SECRET, "lz").items()}
    return replace(
        request, fields=sent | both | {name.replace("_", "-"): [value] for name, value in fields.items()}
    )


def held(request: Request, body: bytes = BODY, keys: Any = KEYS, now: int = 1000) -> Params:
    return verify(request, body, keys, COVERED, now, 300)


@pytest.mark.parametrize(
    "params", [PARAMS, replace(PARAMS, alg=None, tag=None), replace(PARAMS, nonce='a"b')]
)
def test_what_was_signed_verifies(params: Params) -> None:
    assert held(signed(params)) == params


@pytest.mark.parametrize("now", [700, 1300])
def test_up_to_the_limit_it_is_fresh(now: int) -> None:
    held(signed(), now=now)


@pytest.mark.parametrize(
    ("request_", "more", "step"),
    [
        (signed(), {"now": 1301}, "freshness"),
        (signed(), {"now": 699}, "freshness"),
        (signed(), {"keys": {}}, "key"),
        (signed(), {"keys": {"notices-1": b"other"}}, "signature"),
        (signed(), {"body": BODY + b" "}, "body"),
        (signed(replace(PARAMS, alg="ed25519")), {}, "key"),
        (signed(replace(PARAMS, components=("@method", "@target-uri", "content-type"))), {}, "coverage"),
        (replace(signed(), method="PUT"), {}, "signature"),
        (replace(signed(), url="https://example.com/foo"), {}, "signature"),
        (signed(content_type="text/plain"), {}, "signature"),
        (signed(content_digest=content_digest(b"x")), {"body": b"x"}, "signature"),
        (signed(signature=""), {}, "fields"),
        (signed(signature="lz=:AAAA:"), {}, "signature"),
        (signed(signature="other=:AAAA:"), {}, "fields"),
        (signed(signature_input='lz=("@method");created=1000'), {}, "fields"),
        (signed(signature_input='lz=("@method");created=1000;keyid="a";keyid="b"'), {}, "fields"),
        (signed(signature_input='lz=("@method");created=1000;keyid="a";expires=2000'), {}, "fields"),
        (signed(signature_input='lz=("@method";req);created=1000;keyid="a"'), {}, "fields"),
        (signed(signature_input=f'lz={replace(PARAMS, created=999)}'), {}, "signature"),
        (
            signed(signature_input='lz=("@method" "@target-uri" "content-type" "content-digest");keyid="notices-1";created=1000'),
            {}, "fields",
        ),
        (replace(signed(), fields={k: v for k, v in signed().fields.items() if k != "content-type"}), {}, "base"),
        (replace(signed(), fields={k: v * 2 if k == "signature" else v for k, v in signed().fields.items()}), {}, "fields"),
        (replace(signed(), fields=dict(EXAMPLE.fields)), {}, "fields"),
    ],
)  # fmt: skip
def test_every_step_counts(request_: Request, more: dict[str, Any], step: str) -> None:
    with pytest.raises(BadSignature, match=f"^{step}"):
        held(request_, **more)
