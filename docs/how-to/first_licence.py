"""A first licence by hand: the calls of first-licence.md, one after the other, as a phone and an officer's terminal make
them. To copy from: it needs the standard library, and of LiangZheng only keys, the 亮码 and frames of the simulated face.

    .venv/bin/python docs/how-to/first_licence.py http://127.0.0.1:8765 MOBILE PASSWORD OFFICER_TOKEN

`./lz demo` prints all four. Started again it goes on with a new phone, as far as three phones go.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from liangzheng.infra.face_simulated import played_frames
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.livecode import build_code


def b64(octets: bytes) -> str:
    """base64url without padding, as all octets travel."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The octets again."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Api:
    """One caller of one server."""

    def __init__(self, base: str, token: str | None = None) -> None:
        self.base, self.token = base.rstrip("/"), token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of the answer. Ends the program with the server's own words when it refuses."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        payload = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, payload, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                octets = answer.read()
        except urllib.error.HTTPError as refused:
            problem = json.load(refused)
            raise SystemExit(
                f"{method} {path}: {refused.code} {problem['code']}: {problem.get('detail', '')}"
            ) from None
        return json.loads(octets) if octets else None


def face_check(holder: Api, purpose: str) -> str:
    """Calls 2 and 3: a passed check for one purpose, used up by what it was made for."""
    begun = holder.call("POST", "/holder/face-checks", {"purpose": purpose})
    frames = [
        {"step": frame.step, "at_ms": frame.at_ms, "jpeg": b64(frame.jpeg)}
        for frame in played_frames(len(begun["steps"]))
    ]
    path = f"/holder/face-checks/{begun['face_check_id']}/frames"
    checked = holder.call("POST", path, {"nonce": begun["nonce"], "frames": frames})
    print(f"face check for {purpose}: {checked['state']}, simulated: {checked['simulated']}")
    return str(begun["face_check_id"])


def bind(holder: Api, key: SoftwareSigner) -> str:
    """Calls 4 and 5: the phone's key is the driver's."""
    check = face_check(holder, "bind-phone-key")
    challenge = holder.call("POST", "/holder/phone-keys/challenges")
    bound = holder.call(
        "POST",
        "/holder/phone-keys",
        {
            "public_key": b64(key.public_key.compressed),
            "label": "by hand",
            "nonce": challenge["nonce"],
            "signature": b64(key.sign(unb64(challenge["to_be_signed"]))),
            "face_check": check,
        },
    )
    print(f"phone key {bound['phone_key_id']} in place {bound['slot']} of 3")
    return str(bound["phone_key_id"])


def credential_for(holder: Api, phone_key: str) -> bytes:
    """Calls 6 to 9: applied for, or asked for on a further phone; issued; fetched."""
    holds = [
        each
        for each in holder.call("GET", "/holder/applications")["applications"]
        if each["state"] == "issued"
    ]
    if holds:
        holder.call("POST", "/holder/licence/credentials", {"phone_key": phone_key})
    else:
        asked = {"photo": "archived", "face_check": face_check(holder, "apply"), "phone_key": phone_key}
        application = holder.call("POST", "/holder/applications", asked)
        print(f"application {application['application_id']}: {application['state']}")
        while application["state"] not in ("issued", "refused"):
            time.sleep(0.2)
            application = holder.call("GET", f"/holder/applications/{application['application_id']}")
        if application["state"] == "refused":
            raise SystemExit(f"refused: {application}")
    while True:
        licence = holder.call("GET", "/holder/licence")
        for credential in licence["credentials"]:
            if credential["phone_key_id"] == phone_key and credential["state"] == "live":
                print(f"licence {licence['licence_id']}, version {licence['version']}")
                return unb64(credential["credential"])
        time.sleep(0.2)


def main(base: str, mobile: str, password: str, officer_token: str) -> None:
    """All of it; ends with the officer's verdict."""
    opened = Api(base).call("POST", "/holder/sessions", {"mobile": mobile, "password": password})
    holder = Api(base, opened["token"])
    key = SoftwareSigner.generate(Alg.ES256)  # on a real phone: in its secure element
    credential = credential_for(holder, bind(holder, key))
    snapshot = unb64(holder.call("POST", "/holder/licence/snapshot")["snapshot"])
    code = build_code(credential, snapshot, int(time.time()), secrets.token_bytes(8), key)
    print(code)
    asked = {"request": secrets.token_hex(8), "code": code, "class": "C1"}
    verdict = Api(base, officer_token).call("POST", "/verifier/verifications", asked)
    print(f"verdict: {verdict['outcome']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
