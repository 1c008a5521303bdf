"""A fictional company that asks about drivers: what a test needs of it without looking at a screen."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from liangzheng.cli.browser.acts import Api
from liangzheng.cli.browser.stage import Stage
from liangzheng.relying.model import credit_check_character

_NOWHERE = "91000000MA0000000"
"""A credit code of no place there is (000000), so of no company there is; the check character is added."""


@dataclass(frozen=True, slots=True)
class Company:
    """One that is approved, with a token."""

    name: str
    api: Api

    def asks(self, purpose: str, *fields: str) -> dict[str, Any]:
        """A request: its id, its code and the text of its QR code."""
        question: dict[str, Any] = {"purpose": purpose, "fields": list(fields)}
        if "may_drive" in fields:
            question["class"] = "C1"
        made: dict[str, Any] = self.api.ask("POST", "/relying/requests", question)
        return made

    def answer(self, request: str) -> dict[str, Any]:
        """What it hears of the driver. Raises Unavailable while nobody agreed."""
        found: dict[str, Any] = self.api.ask("POST", f"/relying/requests/{request}/answer")
        return found


def approved(stage: Stage, purpose: str) -> Company:
    """Registered for `purpose` (as `./lz company register --purpose` reads it), approved, logged in."""
    name = f"演示公司{secrets.randbelow(10**6):06d} (demonstration)"
    code = _NOWHERE + credit_check_character(_NOWHERE)
    printed = stage.lz("company", "register", name, "--credit-code", code, "--purpose", purpose)
    company_id, secret = printed.split()[0], printed.rpartition("secret: ")[2].strip()
    stage.lz("company", "approve", company_id, "--reason", "demonstration")
    granted = Api(stage).ask(
        "POST", "/relying/token", "grant_type=client_credentials", basic=f"{company_id}:{secret}"
    )
    return Company(name, Api(stage, granted["access_token"]))
