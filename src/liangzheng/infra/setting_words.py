"""How the words of the settings are read: text of an environment variable in, value out, or Invalid naming the variable."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.status import DEFAULT_POLICY, Display, Effect, StatusLetter, StatusPolicy
from liangzheng.standards.keys import Alg

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


def text(_variable: str, text: str) -> str:
    """As it stands."""
    return text


def words(_variable: str, text: str) -> tuple[str, ...]:
    """Words between commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def networks(variable: str, text: str) -> tuple[str, ...]:
    """Addresses and networks."""
    try:
        return tuple(str(ip_network(word)) for word in words(variable, text))
    except ValueError:
        raise Invalid(variable, "is addresses or networks, such as 10.0.0.0/8, comma-separated") from None


def points(variable: str, text: str) -> frozenset[int]:
    """Weights of violations."""
    found = words(variable, text)
    if not found or not all(word.isascii() and word.isdigit() and 1 <= int(word) <= 12 for word in found):
        raise Invalid(variable, "is whole numbers from 1 to 12, comma-separated")
    return frozenset(map(int, found))


def path(_variable: str, text: str) -> Path:
    """An absolute path."""
    return Path(text).expanduser().absolute()


def one_of(*allowed: str) -> Callable[[str, str], str]:
    """One of the words allowed."""

    def parse(variable: str, text: str) -> str:
        if text not in allowed:
            raise Invalid(variable, "is one of " + ", ".join(allowed))
        return text

    return parse


def yes_or_no(variable: str, text: str) -> bool:
    """yes or no."""
    return one_of("yes", "no")(variable, text) == "yes"


def number(low: int, high: int) -> Callable[[str, str], int]:
    """A whole number between two."""

    def parse(variable: str, text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise Invalid(variable, f"is a whole number from {low} to {high}")
        return int(text)

    return parse


_COUNT: Final = re.compile(r"[a-z-]+=[0-9]{1,5}", re.ASCII)


FACES: Final = ("driver", "verify", "staff", "open")
"""The web apps (api/faces.py)."""
_FACE: Final = re.compile(rf"({'|'.join(FACES)})=[a-z0-9.-]+")


def faces(variable: str, text: str) -> tuple[str, ...]:
    """APP=HOST between commas, each app with a host of its own."""
    found = words(variable, text.lower())
    if not all(map(_FACE.fullmatch, found)):
        raise Invalid(variable, "is like driver=driver.example,verify=verify.example: " + ", ".join(FACES))
    if len({pair.split("=")[1] for pair in found}) < len(found):
        raise Invalid(
            variable, "gives each web app a host name of its own: they would share cookies and keys"
        )
    return found


_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f.:]*:[0-9a-f.:]*")


def hosts(variable: str, text: str) -> tuple[str, ...]:
    """Host names and addresses between commas, in lower case."""
    found = words(variable, text.lower())
    if not all(map(_HOST.fullmatch, found)):
        raise Invalid(variable, "is host names, comma-separated, without scheme and port")
    return found


def fonts(variable: str, text: str) -> tuple[str, ...]:
    """Font files between commas, or off."""
    from liangzheng.infra.fonts import FontFile

    if text == "off":
        return ()
    try:
        return tuple(str(FontFile.parse(word)) for word in words(variable, text))
    except ValueError as fault:
        raise Invalid(variable, f"is font files, comma-separated, each {fault}; or off") from None


def counts(variable: str, text: str) -> tuple[str, ...]:
    """NAME=NUMBER between commas."""
    found = words(variable, text)
    if not all(map(_COUNT.fullmatch, found)):
        raise Invalid(variable, "is like patrol=100,counter=200")
    return found


def alg(variable: str, text: str) -> Alg:
    """A signature algorithm."""
    try:
        return Alg[text]
    except KeyError:
        raise Invalid(variable, "is one of " + ", ".join(alg.name for alg in Alg)) from None


def url(variable: str, text: str) -> str:
    """The address of a PostgreSQL."""
    from liangzheng.infra.postgres.params import ConnectParams

    try:
        ConnectParams.from_url(text)
    except Invalid:
        raise
    except ValueError:  # a port that is no number
        raise Invalid(variable, "is a postgresql:// address") from None
    return text


def crosses_in_clear(url: str) -> bool:
    """Whether whoever sits between us and the server may have us speak to it unencrypted."""
    from liangzheng.infra.postgres.params import ConnectParams

    there = ConnectParams.from_url(url)
    here = there.host.startswith("/") or there.host in LOOPBACK
    return not here and there.ssl not in ("require", "verify-ca", "verify-full")


_OPEN_LETTERS: Final = "CLRZ"
"""Letters whose effects are "check" or our choice (docs/reference.md §3.2); the others are settled by orders."""


def status_policy(variable: str, text: str) -> StatusPolicy:
    """What status letters do, where no order settles it."""
    effects = dict(DEFAULT_POLICY.effects)
    for part in words(variable, text):
        letter, _, does = part.partition("=")
        shows, _, drives = does.partition("+")
        if letter not in tuple(_OPEN_LETTERS) or shows not in tuple(Display) or part.count("+") > 1:
            raise Invalid(
                variable, f"is LETTER=SHOWN or LETTER=SHOWN+drive, for the letters {' '.join(_OPEN_LETTERS)}"
            )
        if drives not in ("", "drive") or (drives == "") is ("+" in part):
            raise Invalid(variable, "says +drive or nothing after what is shown")
        effects[StatusLetter(letter)] = Effect(
            Display(shows), drives == "drive", "a setting of this deployment"
        )
    return StatusPolicy(effects)


def status_policy_text(policy: StatusPolicy) -> str:
    """The rows a setting may change, as it writes them."""
    return ",".join(
        f"{letter}={effect.shows}{'+drive' if effect.may_drive else ''}"
        for letter, effect in ((each, policy.effects[StatusLetter(each)]) for each in _OPEN_LETTERS)
    )
