"""Every setting, once: its LZ_* variable, its default, its meaning. `./lz settings` prints this table."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, Self

from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import Lives

Mode = Literal["demo", "test", "production"]
Role = Literal["root", "issuer", "status", "index"]
ROLES: Final[tuple[Role, ...]] = ("root", "issuer", "status", "index")

_CHECKOUT = Path(__file__).resolve().parents[3]
# Read elsewhere and allowed here: by the binding to OpenSSL, by the tests, by the launcher.
_OTHERS: Final = ("LZ_LIBCRYPTO", "LZ_TEST_", "LZ_VENV")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process; made by `from_env`, or by hand in tests. Values are checked."""

    mode: Mode
    data_dir: Path
    database_url: str | None
    pg_bin: Path | None
    alg: Alg
    key_dirs: Mapping[Role, Path]
    allow_software_keys: bool
    face_engine: Literal["manual", "simulated"]
    simulated_face_counts: bool | None
    sms: Literal["none", "simulated"]
    session_idle_s: int
    session_s: int
    face_usable_s: int
    refused_a_day: int
    registrations_an_hour: int
    argon2_memory_kib: int
    argon2_passes: int
    argon2_at_once: int
    host: str
    port: int
    hosts: tuple[str, ...]
    workers: int
    pool_size: int
    log_format: Literal["console", "json"]
    log_level: str
    rotate_s: int
    accepted_s: int
    skew_s: int
    snapshot_s: int
    amber_s: int
    credential_s: int
    own_photo_least_octets: int
    own_photo_most_octets: int
    review_lease_s: int

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The settings the environment says. Raises Invalid naming the variable, also an unknown one."""
        given = os.environ if environment is None else environment
        _refuse_unknown(given)
        values: dict[str, Any] = {}
        for setting in TABLE:
            text = given.get(setting.variable, "")
            values[setting.name] = setting.parse(setting.variable, text) if text else setting.default()
        data_dir = values["data_dir"]
        values["key_dirs"] = {role: values.pop(f"{role}_keys") or data_dir / "keys" / role for role in ROLES}
        return cls(**values)

    def __post_init__(self) -> None:
        if self.amber_s > self.snapshot_s:
            raise Invalid("LZ_AMBER_S", "is at most LZ_SNAPSHOT_S")
        if self.rotate_s > self.accepted_s:
            raise Invalid(
                "LZ_ROTATE_S", "is at most LZ_ACCEPTED_S, or a code would die before the next is made"
            )
        if self.own_photo_least_octets > self.own_photo_most_octets:
            raise Invalid("LZ_OWN_PHOTO_LEAST_OCTETS", "is at most LZ_OWN_PHOTO_MOST_OCTETS")
        if self.session_idle_s > self.session_s:
            raise Invalid("LZ_SESSION_IDLE_S", "is at most LZ_SESSION_S")
        if self.mode == "production" and self.simulated_face_counts:
            raise Invalid("LZ_SIMULATED_FACE_COUNTS", "is no in production: a simulated check proves nothing")
        if self.mode == "production" and self.database_url is not None and "@" not in self.database_url:
            raise Invalid("LZ_DATABASE_URL", "names a user, a host and a database")

    @property
    def lives(self) -> Lives:
        """How long codes, snapshots and credentials live, in the terms of the live code."""
        return Lives(
            rotate=self.rotate_s,
            accepted=self.accepted_s,
            skew=self.skew_s,
            snapshot=self.snapshot_s,
            amber=self.amber_s,
            credential=self.credential_s,
        )

    @property
    def cluster_dir(self) -> Path:
        """Where the embedded server keeps its files."""
        return self.data_dir / "postgres"

    def key_dir(self, role: Role) -> Path:
        """Where the keys of `role` are; a process is given only the directories it needs."""
        return self.key_dirs[role]

    def make_data_dir(self) -> None:
        """The data directory exists. Closed to others; under root they may pass, to the server's part."""
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            self.data_dir.mkdir(mode=mode, parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"LZ_DATA_DIR {self.data_dir} cannot be made: {error.strerror}") from None
        closed = [parent for parent in self.data_dir.parents if not parent.stat().st_mode & 0o001]
        if os.geteuid() == 0 and self.database_url is None and closed:
            raise Unavailable(
                f"LZ_DATA_DIR {self.data_dir}: as root the database server runs as another user, and {closed[0]} is closed to it; "
                "choose a directory others may pass through (chmod o+x), such as /var/lib/liangzheng"
            )

    def demand_hosts(self) -> None:
        """For a process that answers HTTP: raises Invalid in production without the names it is reached under."""
        if self.mode == "production" and not self.hosts:
            raise Invalid("LZ_HOSTS", "names the hosts this service is reached under, always in production")

    def demand_real(self, neighbour: str) -> None:
        """For every simulated neighbour, when it is made: raises Unavailable in production."""
        if self.mode == "production":
            raise Unavailable(
                f"{neighbour} is simulated, and a simulated neighbour does not run in production"
            )


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `parse(variable, text)` raises Invalid; an empty variable means the default."""

    name: str
    variable: str
    parse: Callable[[str, str], Any]
    default: Callable[[], Any]
    shown_default: str
    meaning: str


def _text(_variable: str, text: str) -> str:
    return text


def _words(_variable: str, text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _path(_variable: str, text: str) -> Path:
    return Path(text).expanduser().absolute()


def _one_of(*allowed: str) -> Callable[[str, str], str]:
    def parse(variable: str, text: str) -> str:
        if text not in allowed:
            raise Invalid(variable, "is one of " + ", ".join(allowed))
        return text

    return parse


def _yes_or_no(variable: str, text: str) -> bool:
    return _one_of("yes", "no")(variable, text) == "yes"


def _number(low: int, high: int) -> Callable[[str, str], int]:
    def parse(variable: str, text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise Invalid(variable, f"is a whole number from {low} to {high}")
        return int(text)

    return parse


def _alg(variable: str, text: str) -> Alg:
    try:
        return Alg[text]
    except KeyError:
        raise Invalid(variable, "is one of " + ", ".join(alg.name for alg in Alg)) from None


def _url(variable: str, text: str) -> str:
    from liangzheng.infra.postgres.params import ConnectParams

    try:
        ConnectParams.from_url(text)
    except Invalid:
        raise
    except ValueError:  # a port that is no number
        raise Invalid(variable, "is a postgresql:// address") from None
    return text


def default_data_dir() -> Path:
    """`var` beside `lz`; /var/lib/liangzheng for root in a closed place: the server is another user."""
    beside = _CHECKOUT / "var"
    if not (_CHECKOUT / "lz").exists():
        home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
        beside = home / "liangzheng"
    if os.geteuid() == 0 and not all(
        parent.stat().st_mode & 0o001 for parent in beside.parents if parent.exists()
    ):
        return Path("/var/lib/liangzheng")
    return beside


def _fixed(value: Any) -> tuple[Callable[[], Any], str]:
    if isinstance(value, bool):
        return (lambda: value), "yes" if value else "no"
    shown = "none" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)
    return (lambda: value), shown


def _row(variable: str, name: str, parse: Callable[[str, str], Any], default: Any, meaning: str) -> Setting:
    return Setting(name, variable, parse, *_fixed(default), meaning)


_LIVES = Lives()
_YEAR_S: Final = 366 * 86400

TABLE: Final[tuple[Setting, ...]] = (
    _row("LZ_MODE", "mode", _one_of("demo", "test", "production"), "demo",
         "demo and test run with simulated neighbours; production refuses every one of them"),
    Setting("data_dir", "LZ_DATA_DIR", _path, default_data_dir, "var beside lz, or /var/lib/liangzheng",
            "embedded database, keys, trust state"),
    _row("LZ_DATABASE_URL", "database_url", _url, None,
         "your own PostgreSQL 15 to 18, postgresql://user:password@host:5432/name; none: embedded"),
    _row("LZ_PG_BIN", "pg_bin", _path, None,
         "directory with postgres and initdb for the embedded server; none: the newest found"),
    Setting("alg", "LZ_ALG", _alg, lambda: Alg.ES256, "ES256",
            "signature algorithm of new keys: ES256 or SM2"),
    _row("LZ_ROOT_KEYS", "root_keys", _path, None,
         "directory of the root key; none: keys/root in LZ_DATA_DIR"),
    _row("LZ_ISSUER_KEYS", "issuer_keys", _path, None,
         "document-signer keys, given to the issuer process only; none: keys/issuer in LZ_DATA_DIR"),
    _row("LZ_STATUS_KEYS", "status_keys", _path, None,
         "directory of status-signer keys; none: keys/status in LZ_DATA_DIR"),
    _row("LZ_INDEX_KEYS", "index_keys", _path, None,
         "directory of the secret of the look-up index; none: keys/index in LZ_DATA_DIR"),
    _row("LZ_ALLOW_SOFTWARE_KEYS", "allow_software_keys", _yes_or_no, False,
         "yes: keys in files may sign in production mode, which they should not"),
    _row("LZ_FACE_ENGINE", "face_engine", _one_of("manual", "simulated"), "manual",
         "who compares faces: a person (manual), or an engine that is simulated and says so"),
    _row("LZ_SIMULATED_FACE_COUNTS", "simulated_face_counts", _yes_or_no, None,
         "yes: a pass of the simulated engine counts, never in production; none: yes outside production"),
    _row("LZ_SMS", "sms", _one_of("none", "simulated"), "none",
         "who sends text messages: nobody, or a gateway that is simulated, writes them into a file and says so"),
    _row("LZ_SESSION_IDLE_S", "session_idle_s", _number(60, 86400), 1800,
         "seconds after which an unused login ends"),
    _row("LZ_SESSION_S", "session_s", _number(300, 30 * 86400), 43200, "seconds after which every login ends"),
    _row("LZ_FACE_USABLE_S", "face_usable_s", _number(60, 3600), 600,
         "seconds a passed face check can be used"),
    _row("LZ_REFUSED_A_DAY", "refused_a_day", _number(1, 1000), 20,
         "refused applications of one person within 24 hours, after which no further one is heard"),
    _row("LZ_REGISTRATIONS_AN_HOUR", "registrations_an_hour", _number(1, 10_000_000), 600,
         "registrations of one network (IPv4 /24, IPv6 /48) and one process; behind a proxy all come from one"),
    _row("LZ_ARGON2_MEMORY_KIB", "argon2_memory_kib", _number(7168, 1 << 20), 19456,
         "memory of one password hash, in KiB"),
    _row("LZ_ARGON2_PASSES", "argon2_passes", _number(1, 10), 2, "passes of one password hash"),
    _row("LZ_ARGON2_AT_ONCE", "argon2_at_once", _number(1, 64), 2,
         "password hashes one process makes at once; the others wait"),
    _row("LZ_HOST", "host", _text, "127.0.0.1", "address the HTTP server listens on"),
    _row("LZ_PORT", "port", _number(0, 65535), 8765, "port the HTTP server listens on; 0: any free one"),
    _row("LZ_HOSTS", "hosts", _words, (),
         "names this service is reached under, comma-separated, checked against Host; none: any, refused in production"),
    _row("LZ_WORKERS", "workers", _number(1, 64), 1, "HTTP server processes"),
    _row("LZ_POOL_SIZE", "pool_size", _number(1, 200), 8, "database connections of one process, at most"),
    _row("LZ_LOG_FORMAT", "log_format", _one_of("console", "json"), "console", "how log lines are written"),
    _row("LZ_LOG_LEVEL", "log_level", _one_of("debug", "info", "warning", "error"), "info",
         "least level logged"),
    _row("LZ_ROTATE_S", "rotate_s", _number(5, 60), _LIVES.rotate,
         "seconds until the phone makes a new live code"),
    _row("LZ_ACCEPTED_S", "accepted_s", _number(5, 300), _LIVES.accepted,
         "seconds a live code is taken after it was made"),
    _row("LZ_SKEW_S", "skew_s", _number(0, 300), _LIVES.skew, "seconds two clocks may differ"),
    _row("LZ_SNAPSHOT_S", "snapshot_s", _number(3600, 30 * 86400), _LIVES.snapshot,
         "seconds a status snapshot is taken"),
    _row("LZ_AMBER_S", "amber_s", _number(600, 30 * 86400), _LIVES.amber,
         "seconds after which a snapshot is shown as old"),
    _row("LZ_CREDENTIAL_S", "credential_s", _number(86400, 3 * _YEAR_S), _LIVES.credential,
         "seconds a credential on a phone is good"),
    _row("LZ_OWN_PHOTO_LEAST_OCTETS", "own_photo_least_octets", _number(1, 1 << 20), 10 * 1024,
         "octets of the smallest camera or album photo a holder may send (docs/reference.md §1.4)"),
    _row("LZ_OWN_PHOTO_MOST_OCTETS", "own_photo_most_octets", _number(1, 1_100_000), 1 << 20,
         "octets of the largest camera or album photo a holder may send"),
    _row("LZ_REVIEW_LEASE_S", "review_lease_s", _number(60, 86400), 900,
         "seconds a photo stays in the hand of the reviewer who took it"),
)  # fmt: skip

_ATTRIBUTES = {setting.name for setting in TABLE} - {f"{role}_keys" for role in ROLES} | {"key_dirs"}
assert {field.name for field in fields(Settings)} == _ATTRIBUTES


def _refuse_unknown(given: Mapping[str, str]) -> None:
    known = [setting.variable for setting in TABLE]
    for variable in given:
        if variable.startswith("LZ_") and variable not in known and not variable.startswith(_OTHERS):
            near = difflib.get_close_matches(variable, known, n=1)
            raise Invalid(variable, "is not a setting" + (f"; do you mean {near[0]}?" if near else ""))
