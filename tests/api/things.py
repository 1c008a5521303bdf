"""What the cast of the matrix has, and what of it is everybody's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.api.said import Said


@dataclass
class Things(Said):
    """What one holder, one officer, one company and one register source of the cast have, by kind: ids in text."""

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
    # -- the number the register and the police know the driver by
    identity_number: str
    file_number: str
    counter_check: str
    """Waits for a person at a counter."""
    face_review: str
    """Left open by an engine, waits for a reviewer of the region."""
    # -- the officer's
    staff_passkey: str
    officer_verification: str
    """Made by the officer when this driver showed their code."""
    review: str
    """Of another driver's own photo, in the officer's region; waits for a reviewer."""
    proposal: str
    """By a colleague, about this driver; waits for a second person."""
    own_proposal: str
    """By the officer."""
    sampled: str
    """A look-up by a colleague in the region, drawn for review. And a member of the region's staff:"""
    member: str
    # -- the company's, and the driver's side of it
    request: str
    """Nobody has answered it."""
    approved_request: str
    """The driver approved it; its answer and portrait can be fetched."""
    pseudonym: str
    """The driver, as this company knows them; with a standing consent."""
    consent: str
    notice: str
    """Given up."""
    approved_code: str
    """Of a request the driver approved, and whose answer nobody fetched."""
    request_code: str
    refused_code: str
    """Codes of requests: of mine nobody has answered, of theirs the driver has approved and refused. A code that nobody has
    answered is whose it was shown to; an answered one is the driver's who answered."""
    list_id: str = "1"
    """Of the status list; everybody's."""
    upload: str = ""
    """A register file the head office sends; the whole country's."""
    region: str = "3205"
    """Where the case lies of whoever calls."""


EVERYBODY_S: Final = frozenset({"list_id", "region", "upload"})
