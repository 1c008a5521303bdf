"""Who may call which route, and whose things it may name: one row a route.

A new route adds a row to ROWS; test_matrix.py fails until it has one. A row says

- `route`: method and path as the application has it;
- `roles`: which callers of ROLES may call it at all; the others are turned away with 401 or 403;
- `names`: where the request names somebody's thing, and of which kind: `path:application_id`, `query:of`,
`body:face_check`. From these the calls across owners are made, at least twenty a route. Kinds are the fields of
`Things`;
- `body`, `query`: what a right request holds besides; `{application}` stands for the caller's own thing. A body
that must be made anew for each request is a function of the holder's phone;
- `refusal`: words of an answer that is a stored refusal: a decision, with the status of success;
- `own`: the statuses a right call on one's own things may have. They are the control: a route that refuses
everybody keeps others out too, and proves nothing.

A new kind of caller (staff, a company) is a name in ROLES, its authenticator in AUTHENTICATORS, and its
headers in `Cast.headers_of`; a new kind of thing is a field of `Things`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from liangzheng.infra.face_simulated import played_frames
from tests.accounts.people import PASSWORD
from tests.api.phone import Phone, b64

HOLDER, POLICE, COMPANY, PUBLIC = "holder", "police", "company", "public"
ROLES: Final = (HOLDER, POLICE, COMPANY, PUBLIC)
ANYBODY: Final = frozenset((*ROLES, "nobody"))
HOLDERS: Final = frozenset({HOLDER})
VERIFIERS: Final = frozenset({POLICE, COMPANY, PUBLIC})
AUTHENTICATORS: Final = {"caller": HOLDERS, "verifier": VERIFIERS}
"""Name of the function that authenticates (api/auth.py) → the roles it lets in."""


@dataclass(frozen=True)
class Row:
    """One route."""

    route: str
    roles: frozenset[str] = HOLDERS
    names: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | Callable[[Phone], Awaitable[dict[str, Any]]] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    own: frozenset[int] = frozenset({200})
    refusal: str | None = None
    by: str = HOLDER
    """Whose right call is the control."""

    @property
    def method(self) -> str:
        return self.route.split(" ", 1)[0]

    @property
    def path(self) -> str:
        return self.route.split(" ", 1)[1]


@dataclass
class Things:
    """What one person has, by kind: ids in text."""

    person: str
    driver: str
    application: str
    licence: str
    credential: str
    phone_key: str
    face_check: str
    """Passed, for applying, not used yet."""
    bind_check: str
    """Passed, for binding a phone, not used yet."""
    challenge: str
    """A face check that waits for its frames."""
    verification: str
    """Made by the officer of this cast when this person showed their code."""
    message: str
    code: str
    passkey: str
    held_act: str
    correction: str
    session: str
    """A further login of theirs."""
    list_id: str = "1"
    """Of the status list; everybody's."""


def open_to_all(route: str, *own: int, **more: Any) -> Row:
    return Row(route, ANYBODY, own=frozenset(own or (200,)), **more)


def statuses(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


_FRAMES = {
    "nonce": b64(bytes(32)),
    "frames": [{"step": f.step, "at_ms": f.at_ms, "jpeg": b64(f.jpeg)} for f in played_frames(3)],
}


async def binding(phone: Phone) -> dict[str, Any]:
    """A right body for binding a further phone."""
    return await phone.binding()


async def applying(phone: Phone) -> dict[str, Any]:
    """A right body for applying, with a fresh face check."""
    return {"photo": "archived", "face_check": await phone.pass_face_check("apply")}


ROWS: Final[tuple[Row, ...]] = (
    # -- for everybody ------------------------------------------------------------------------------------
    open_to_all("GET /"),
    open_to_all("GET /docs"),
    open_to_all("GET /openapi.json"),
    open_to_all("GET /healthz"),
    open_to_all("GET /readyz", 200, 503),  # the tests' clock stands still, the database's does not
    open_to_all("GET /open/rollout", query={"authority": "苏E"}),
    open_to_all("GET /open/status-lists/{list_id}"),
    open_to_all("GET /open/trust-bundle"),
    open_to_all("POST /holder/accounts", 422, body={}),
    open_to_all("POST /holder/sessions", 422, body={}),
    open_to_all("POST /holder/codes", 422, body={}),
    open_to_all("POST /holder/codes/proofs", 422, body={}),
    open_to_all("POST /holder/password-resets", 422, body={}),
    open_to_all("POST /holder/mobile-change-stops", 422, body={}),
    open_to_all("POST /holder/passkeys/log-in-challenges", 201),
    open_to_all("POST /holder/passkeys/sessions", 422, body={}),
    open_to_all("GET /open/agreement-texts"),
    # -- the holder ---------------------------------------------------------------------------------------
    Row("GET /holder/account"),
    Row("POST /holder/real-name-checks"),
    Row("GET /holder/sessions/current"),
    Row("POST /holder/face-checks", body={"purpose": "apply"}, own=statuses(201)),
    Row("GET /holder/face-checks/{face_check_id}", names={"path:face_check_id": "face_check"}),
    Row(
        "POST /holder/face-checks/{face_check_id}/frames",
        names={"path:face_check_id": "challenge"},
        body=_FRAMES,
        own=statuses(200, 409, 422),
    ),
    Row("GET /holder/phone-keys"),
    Row("POST /holder/phone-keys/challenges", own=statuses(201)),
    Row(
        "POST /holder/phone-keys",
        names={"body:face_check": "bind_check", "body:replaces": "phone_key"},
        body=binding,
        own=statuses(201),
    ),
    Row("GET /holder/applications"),
    Row("GET /holder/applications/{application_id}", names={"path:application_id": "application"}),
    Row(
        "POST /holder/applications",
        names={"body:face_check": "face_check", "body:phone_key": "phone_key"},
        body=applying,
        own=statuses(202),
        refusal='"state":"refused"',
    ),
    Row(
        "DELETE /holder/applications/{application_id}",
        names={"path:application_id": "application"},
        own=statuses(200, 409),
    ),
    Row("GET /holder/licence"),
    Row(
        "POST /holder/licence/credentials",
        names={"body:phone_key": "phone_key"},
        body={"phone_key": "{phone_key}"},
        own=statuses(202, 409),
    ),
    Row("POST /holder/licence/snapshot"),
    Row("GET /holder/showings"),
    Row("POST /holder/showings", names={"body:code": "code"}, body={"code": "{code}"}, own=statuses(201)),
    Row("GET /holder/messages"),
    Row("GET /holder/messages/choices"),
    Row("PUT /holder/messages/choices", body={"sms": {}}),
    Row(
        "PUT /holder/messages/{message_id}/read",
        names={"path:message_id": "message"},
        own=statuses(204),
    ),
    Row("GET /holder/sessions"),
    Row("PUT /holder/second-factor", body={"wanted": False, "password": PASSWORD}, own=statuses(204)),
    Row("GET /holder/passkeys"),
    Row("POST /holder/passkeys/challenges", body={"password": PASSWORD}, own=statuses(201)),
    # A ceremony cannot be played here: tests/accounts/test_passkeys.py does, with another person's credential too.
    Row("POST /holder/passkeys", body={"label": "x", "credential": {}}, own=statuses(422)),
    Row("POST /holder/passkeys/confirmations", own=statuses(201)),
    Row(
        "PUT /holder/passkeys/{passkey_id}",
        names={"path:passkey_id": "passkey"},
        body={"label": "钥匙"},
        own=statuses(204),
    ),
    Row("GET /holder/agreements"),
    Row("POST /holder/agreements", body={"kind": "terms", "version": 1}, own=statuses(204)),
    Row("POST /holder/agreements/withdrawals", body={"kind": "terms"}, own=statuses(204)),
    Row("POST /holder/data-exports"),
    Row("GET /holder/corrections"),
    Row("POST /holder/corrections", body={"wish": "住址有误"}, own=statuses(201)),
    Row(
        "DELETE /holder/corrections/{request_id}",
        names={"path:request_id": "correction"},
        own=statuses(204, 409),
    ),
    Row("GET /holder/held-acts"),
    Row(
        "POST /holder/held-acts/{held_act_id}/stop",
        names={"path:held_act_id": "held_act"},
        own=statuses(200, 409),
    ),
    Row("POST /holder/mobile-changes/codes", body={"mobile": "13711112222"}, own=statuses(202, 429)),
    Row(
        "POST /holder/mobile-changes/codes/proofs",
        body={"mobile": "13711112222", "code_request": "x", "code": "000000"},
        own=statuses(400),
    ),
    Row(
        "POST /holder/mobile-changes",
        body={"mobile": "13711112222", "mobile_proof": "x", "password": PASSWORD},
        own=statuses(400),
    ),
    # -- verifiers ----------------------------------------------------------------------------------------
    Row("GET /verifier/me", VERIFIERS, by=POLICE),
    Row(
        "POST /verifier/verifications",
        VERIFIERS,
        # A code is shown to whoever verifies: it names nobody's thing.
        body={"request": "request-of-the-matrix", "code": "{code}"},
        by=POLICE,
    ),
    Row(
        "GET /verifier/verifications/{verification}/portrait",
        VERIFIERS,
        names={"path:verification": "verification", "query:of": "driver"},
        query={"of": "{driver}"},
        by=POLICE,
    ),
    Row("DELETE /holder/passkeys/{passkey_id}", names={"path:passkey_id": "passkey"}, own=statuses(204)),
    # -- what ends something, last ------------------------------------------------------------------------
    Row("DELETE /holder/phone-keys/{phone_key_id}", names={"path:phone_key_id": "phone_key"}),
    Row("DELETE /holder/sessions/{session_id}", names={"path:session_id": "session"}, own=statuses(204)),
    Row("DELETE /holder/sessions"),
    Row("POST /holder/account-closings", body={"password": PASSWORD}, own=statuses(202, 409)),
    Row("DELETE /holder/sessions/current", own=statuses(204)),
)
