"""Every setting, once: its LZ_* variable, its default, its meaning. `./lz settings` prints this table."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, Self

from liangzheng.infra import setting_words as words
from liangzheng.infra.setting_words import FACES, LOOPBACK, status_policy_text
from liangzheng.infra.sms import demand_sms_url
from liangzheng.kernel.errors import Invalid, Unavailable
from liangzheng.kernel.status import DEFAULT_POLICY, StatusPolicy
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import Lives

Mode = Literal["demo", "test", "production"]
Role = Literal["root", "issuer", "status", "audit", "index"]
ROLES: Final[tuple[Role, ...]] = ("root", "issuer", "status", "audit", "index")

_CHECKOUT = Path(__file__).resolve().parents[3]
_LEAST_HOLD_S: Final = 3600
"""In which an owner can stop what a thief asked for."""
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
    face_engine: Literal["manual", "simulated", "authority", "dlib"]
    face_authority_url: str | None
    face_authority_key: Path | None
    face_authority_signer: Path | None
    face_authority_s: int
    face_models: Path | None
    face_calibration: Path | None
    face_calibration_key: Path | None
    simulated_face_counts: bool | None
    sms: Literal["none", "simulated", "http"]
    sms_url: str | None
    sms_key_file: Path | None
    checkpoints_dir: Path | None
    mobile_proof: bool | None
    code_within_ms: int
    mobile_change_hold_s: int
    closing_hold_s: int
    codes_an_hour: int
    writes_a_minute: int
    network_writes_a_minute: int
    reads_a_minute: int
    network_reads_a_minute: int
    proxies: tuple[str, ...]
    session_idle_s: int
    session_s: int
    face_usable_s: int
    face_captures_days: int
    refused_a_day: int
    registrations_an_hour: int
    staff_idle_s: int
    staff_session_s: int
    staff_fresh_s: int
    staff_look_ups: tuple[str, ...]
    look_ups_reviewed: int
    proposal_s: int
    retention_s: int
    retain_within_s: int
    argon2_memory_kib: int
    argon2_passes: int
    argon2_at_once: int
    host: str
    port: int
    hosts: tuple[str, ...]
    faces: tuple[str, ...] | None
    tls_cert: Path | None
    tls_key: Path | None
    workers: int
    api_machines: int
    pool_size: int
    log_format: Literal["console", "json"]
    traces_dir: Path | None
    log_level: str
    metrics_host: str
    metrics_port: int | None
    metrics_token: str | None
    disk_low_mib: int
    rotate_s: int
    accepted_s: int
    skew_s: int
    snapshot_s: int
    amber_s: int
    credential_s: int
    status_policy: StatusPolicy
    photo_least_octets: int
    photo_most_octets: int
    consent_request_s: int
    standing_consent_days: int
    points_before_2022_04: frozenset[int]
    late_points_reopen: bool
    feed_lines_kept_days: int
    messages_kept_days: int
    corrections_kept_days: int
    own_photo_least_octets: int
    own_photo_most_octets: int
    photo_faces: Literal["none", "dlib", "simulated"]
    reviewers_linked: bool | None
    review_lease_s: int
    fonts: tuple[str, ...] | None

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
        if self.photo_least_octets > self.photo_most_octets:
            raise Invalid("LZ_PHOTO_LEAST_OCTETS", "is at most LZ_PHOTO_MOST_OCTETS")
        if self.own_photo_least_octets > self.own_photo_most_octets:
            raise Invalid("LZ_OWN_PHOTO_LEAST_OCTETS", "is at most LZ_OWN_PHOTO_MOST_OCTETS")
        if self.session_idle_s > self.session_s:
            raise Invalid("LZ_SESSION_IDLE_S", "is at most LZ_SESSION_S")
        if self.staff_idle_s > self.staff_session_s:
            raise Invalid("LZ_STAFF_IDLE_S", "is at most LZ_STAFF_SESSION_S")
        named = (self.face_authority_url, self.face_authority_key, self.face_authority_signer)
        if self.face_engine == "authority" and None in named:
            raise Invalid("LZ_FACE_ENGINE", "authority needs LZ_FACE_AUTHORITY_URL, _KEY and _SIGNER")
        calibrated = (self.face_calibration is None, self.face_calibration_key is None)
        if self.face_engine == "dlib" and len(set(calibrated)) == 2:
            raise Invalid("LZ_FACE_CALIBRATION", "goes with LZ_FACE_CALIBRATION_KEY")
        if self.mobile_proof and self.sms == "none":
            raise Invalid("LZ_MOBILE_PROOF", "is no without a gateway: no code would ever come (LZ_SMS)")
        if self.sms == "http":
            if self.sms_url is None or self.sms_key_file is None:
                raise Invalid("LZ_SMS", "http needs LZ_SMS_URL and LZ_SMS_KEY_FILE")
            demand_sms_url(self.sms_url, plain=self.mode != "production")
        if self.mode == "production" and self.simulated_face_counts:
            raise Invalid("LZ_SIMULATED_FACE_COUNTS", "is no in production: a simulated check proves nothing")
        if self.tls_cert is not None and self.mode == "production":
            # Handshakes are not bounded as requests are: in number, and by who makes them.
            raise Invalid(
                "LZ_TLS_CERT", "is for trying; in production a reverse proxy speaks TLS (LZ_PROXIES)"
            )
        if self.metrics_host not in LOOPBACK and self.metrics_token is None:
            raise Invalid("LZ_METRICS_HOST", "is 127.0.0.1 or ::1 unless LZ_METRICS_TOKEN is set")
        if self.metrics_token is not None and len(self.metrics_token) < 16:
            raise Invalid("LZ_METRICS_TOKEN", "has at least 16 characters")
        if self.mode == "production" and self.database_url is not None and "@" not in self.database_url:
            raise Invalid("LZ_DATABASE_URL", "names a user, a host and a database")
        if self.mode == "production" and self.mobile_change_hold_s < _LEAST_HOLD_S:
            raise Invalid("LZ_MOBILE_CHANGE_HOLD_S", f"is at least {_LEAST_HOLD_S} in production")
        if self.mode == "production" and self.closing_hold_s < _LEAST_HOLD_S:
            raise Invalid("LZ_CLOSING_HOLD_S", f"is at least {_LEAST_HOLD_S} in production")
        if (
            self.mode == "production"
            and self.database_url is not None
            and words.crosses_in_clear(self.database_url)
        ):
            raise Invalid(
                "LZ_DATABASE_URL",
                "says sslmode=verify-full, or at least require, where the host is elsewhere",
            )

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
    def demands_mobile_proof(self) -> bool:
        """Whether registering needs a one-time code: as said, else where there is a gateway to send it."""
        return self.sms != "none" if self.mobile_proof is None else self.mobile_proof

    @property
    def cluster_dir(self) -> Path:
        """Where the embedded server keeps its files."""
        return self.data_dir / "postgres"

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints of the audit record are written."""
        return self.checkpoints_dir or self.data_dir / "checkpoints"

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

    @property
    def face_hosts(self) -> dict[str, str]:
        """Web app → the host name it is served under, without port."""
        if self.faces is None:
            return {} if self.mode == "production" else {name: f"{name}.localhost" for name in FACES}
        return dict(pair.split("=", 1) for pair in self.faces)

    @property
    def scheme(self) -> Literal["http", "https"]:
        """What browsers speak with us: https where names are said (LZ_HOSTS), by a proxy before us or by ourselves."""
        return "https" if self.hosts or self.tls_cert is not None else "http"

    def origin(self, host: str) -> str:
        """The origin of our pages on that host (RFC 6454). A proxy before us is on the port of its scheme."""
        here = self.tls_cert is not None or not self.hosts
        usual = self.scheme == "https" and self.port == 443
        return f"{self.scheme}://{host}" + (f":{self.port}" if here and not usual else "")

    def demand_hosts(self) -> None:
        """For a process that answers HTTP: raises Invalid in production without the names it is reached under."""
        if self.mode == "production" and not self.hosts:
            raise Invalid("LZ_HOSTS", "names the hosts this service is reached under, always in production")

    @property
    def demands_linked_staff(self) -> bool:
        """Whether it must be known which person somebody is before they review, propose or decide."""
        return self.mode == "production" if self.reviewers_linked is None else self.reviewers_linked

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
    shown = str(value)
    if value is None or value == ():
        shown = "none"
    elif isinstance(value, tuple):
        shown = ",".join(value)
    return (lambda: value), shown


def _row(variable: str, name: str, parse: Callable[[str, str], Any], default: Any, meaning: str) -> Setting:
    return Setting(name, variable, parse, *_fixed(default), meaning)


_LIVES = Lives()
_YEAR_S: Final = 366 * 86400

TABLE: Final[tuple[Setting, ...]] = (
    _row("LZ_MODE", "mode", words.one_of("demo", "test", "production"), "demo",
         "demo and test run with simulated neighbours; production refuses every one of them"),
    Setting("data_dir", "LZ_DATA_DIR", words.path, default_data_dir, "var beside lz, or /var/lib/liangzheng",
            "embedded database, keys, trust state"),
    _row("LZ_DATABASE_URL", "database_url", words.url, None,
         "your own PostgreSQL 15 to 18, postgresql://user:password@host:5432/name; none: embedded"),
    _row("LZ_PG_BIN", "pg_bin", words.path, None,
         "directory with postgres and initdb for the embedded server; none: the newest found"),
    Setting("alg", "LZ_ALG", words.alg, lambda: Alg.ES256, "ES256",
            "signature algorithm of new keys: ES256 or SM2"),
    _row("LZ_ROOT_KEYS", "root_keys", words.path, None,
         "directory of the root key; none: keys/root in LZ_DATA_DIR"),
    _row("LZ_ISSUER_KEYS", "issuer_keys", words.path, None,
         "document-signer keys, given to the issuer process only; none: keys/issuer in LZ_DATA_DIR"),
    _row("LZ_STATUS_KEYS", "status_keys", words.path, None,
         "directory of status-signer keys; none: keys/status in LZ_DATA_DIR"),
    _row("LZ_AUDIT_KEYS", "audit_keys", words.path, None,
         "directory of audit-signer keys, given to the queue worker only; none: keys/audit in LZ_DATA_DIR"),
    _row("LZ_INDEX_KEYS", "index_keys", words.path, None,
         "directory of the secret of the look-up index; none: keys/index in LZ_DATA_DIR"),
    _row("LZ_ALLOW_SOFTWARE_KEYS", "allow_software_keys", words.yes_or_no, False,
         "yes: keys in files may sign in production mode, which they should not"),
    _row("LZ_FACE_ENGINE", "face_engine", words.one_of("manual", "simulated", "authority", "dlib"), "manual",
         "who compares faces: a person (manual), an authority (docs/face-authority.md), dlib on this machine "
         "(docs/face-dlib.md), or an engine that is simulated"),
    _row("LZ_FACE_AUTHORITY_URL", "face_authority_url", words.text, None,
         "https address of the authority's face engine; http outside production only"),
    _row("LZ_FACE_AUTHORITY_KEY", "face_authority_key", words.path, None,
         "file with the public key the authority signs answers with (SubjectPublicKeyInfo, DER)"),
    _row("LZ_FACE_AUTHORITY_SIGNER", "face_authority_signer", words.path, None,
         "file with the key our requests to the authority are signed with (PKCS#8, DER)"),
    _row("LZ_FACE_AUTHORITY_S", "face_authority_s", words.number(1, 15), 10,
         "seconds the authority has for an answer; a later one is none"),
    _row("LZ_FACE_MODELS", "face_models", words.path, None,
         "folder of dlib's two model files; none: those of the package face_recognition_models, where it is installed"),
    _row("LZ_FACE_CALIBRATION", "face_calibration", words.path, None,
         "file with dlib's signed calibration; none: it passes nobody alone"),
    _row("LZ_FACE_CALIBRATION_KEY", "face_calibration_key", words.path, None,
         "file with the public key calibrations are signed with (SubjectPublicKeyInfo, DER)"),
    _row("LZ_SIMULATED_FACE_COUNTS", "simulated_face_counts", words.yes_or_no, None,
         "yes: a pass of the simulated engine counts, never in production; none: yes outside production"),
    _row("LZ_SMS", "sms", words.one_of("none", "simulated", "http"), "none",
         "who sends text messages: nobody, a gateway (http, docs/sms-gateway.md), or one that is simulated, writes them into a "
         "file and says so"),
    _row("LZ_SMS_URL", "sms_url", words.text, None, "https address of the gateway; http outside production only"),
    _row("LZ_SMS_KEY_FILE", "sms_key_file", words.path, None,
         "file with the key shared with the gateway, at least 32 octets; read by the API and the queue worker"),
    _row("LZ_CHECKPOINTS_DIR", "checkpoints_dir", words.path, None,
         "where signed checkpoints of the audit record are written, to be copied elsewhere; none: checkpoints in LZ_DATA_DIR"),
    _row("LZ_MOBILE_PROOF", "mobile_proof", words.yes_or_no, None,
         "yes: who registers proves the mobile by a one-time code; none: yes where LZ_SMS names a gateway"),
    _row("LZ_CODE_WITHIN_MS", "code_within_ms", words.number(0, 10_000), 1000,
         "milliseconds after the answer within which a one-time code goes to the gateway, at random, so that no delay tells "
         "that it was sent"),
    _row("LZ_MOBILE_CHANGE_HOLD_S", "mobile_change_hold_s", words.number(0, 30 * 86400), 86400,
         "seconds a change of mobile waits, in which the old one can stop it; in production an hour at least"),
    _row("LZ_CLOSING_HOLD_S", "closing_hold_s", words.number(0, 90 * 86400), 7 * 86400,
         "seconds the closing of an account waits, in which its owner can stop it; in production an hour at least"),
    _row("LZ_CODES_AN_HOUR", "codes_an_hour", words.number(1, 10_000_000), 600,
         "one-time codes asked for from one network (IPv4 /24, IPv6 /48)"),
    _row("LZ_WRITES_A_MINUTE", "writes_a_minute", words.number(1, 10_000_000), 300,
         "requests that write, a minute, of one holder or member of staff (api/rates.py has every rate)"),
    _row("LZ_NETWORK_WRITES_A_MINUTE", "network_writes_a_minute", words.number(1, 100_000_000), 6000,
         "requests that write, a minute, from one network (IPv4 /24, IPv6 /48), of callers who are not known"),
    _row("LZ_READS_A_MINUTE", "reads_a_minute", words.number(1, 10_000_000), 600,
         "requests that read, a minute, of one holder, verifier or member of staff"),
    _row("LZ_NETWORK_READS_A_MINUTE", "network_reads_a_minute", words.number(1, 100_000_000), 60_000,
         "requests that read, a minute, from one network, of callers who are not known"),
    _row("LZ_PROXIES", "proxies", words.networks, (),
         "reverse proxies before this service, addresses or networks, comma-separated, whose X-Forwarded-For is believed; "
         "none: whoever connects is the client"),
    _row("LZ_SESSION_IDLE_S", "session_idle_s", words.number(60, 86400), 1800,
         "seconds after which an unused login ends"),
    _row("LZ_SESSION_S", "session_s", words.number(300, 30 * 86400), 43200, "seconds after which every login ends"),
    _row("LZ_FACE_USABLE_S", "face_usable_s", words.number(60, 3600), 600,
         "seconds a passed face check can be used"),
    _row("LZ_FACE_CAPTURES_DAYS", "face_captures_days", words.number(1, 30), 14,
         "days the pictures of a face check left open are kept at most for a reviewer, encrypted, where their person agreed"),
    _row("LZ_REFUSED_A_DAY", "refused_a_day", words.number(1, 1000), 20,
         "refused applications of one person within 24 hours, after which no further one is heard"),
    _row("LZ_REGISTRATIONS_AN_HOUR", "registrations_an_hour", words.number(1, 10_000_000), 600,
         "registrations of one network (IPv4 /24, IPv6 /48); behind a proxy that LZ_PROXIES does not name all come from one"),
    _row("LZ_STAFF_IDLE_S", "staff_idle_s", words.number(60, 3600), 900,
         "seconds after which an unused login of a member of staff ends"),
    _row("LZ_STAFF_SESSION_S", "staff_session_s", words.number(300, 86400), 28800,
         "seconds after which every login of a member of staff ends"),
    _row("LZ_STAFF_FRESH_S", "staff_fresh_s", words.number(30, 900), 300,
         "seconds a second factor counts as fresh, for what two people decide and for changes of staff"),
    _row("LZ_STAFF_LOOK_UPS", "staff_look_ups", words.counts, ("patrol=100", "penalty=100", "counter=200", "register=100"),
         "look-ups by number a day and member of staff, duty by duty; a duty not named has none"),
    _row("LZ_LOOK_UPS_REVIEWED", "look_ups_reviewed", words.number(0, 100), 5,
         "look-ups of each member of staff that are drawn every week for another person to review"),
    _row("LZ_PROPOSAL_S", "proposal_s", words.number(3600, 30 * 86400), 7 * 86400,
         "seconds within which a proposal is decided, or it is over"),
    _row("LZ_RETENTION_S", "retention_s", words.number(600, 3 * 86400), 86400,
         "seconds within which a second person confirms a retention on the spot, or it is lifted"),
    _row("LZ_RETAIN_WITHIN_S", "retain_within_s", words.number(60, 3600), 600,
         "seconds after a verification in which its officer may retain the licence"),
    _row("LZ_ARGON2_MEMORY_KIB", "argon2_memory_kib", words.number(7168, 1 << 20), 19456,
         "memory of one password hash, in KiB"),
    _row("LZ_ARGON2_PASSES", "argon2_passes", words.number(1, 10), 2, "passes of one password hash"),
    _row("LZ_ARGON2_AT_ONCE", "argon2_at_once", words.number(1, 64), 2,
         "password hashes one process makes at once; the others wait"),
    _row("LZ_HOST", "host", words.text, "127.0.0.1", "address the HTTP server listens on"),
    _row("LZ_PORT", "port", words.number(0, 65535), 8765, "port the HTTP server listens on; 0: any free one"),
    _row("LZ_HOSTS", "hosts", words.hosts, (),
         "names this service is reached under over HTTPS (docs/how-to/operate.md), comma-separated, checked against Host; the "
         "first is the domain of passkeys of other programs than the web apps; none: any, refused in production"),
    _row("LZ_FACES", "faces", words.faces, None,
         "host name of each web app, as driver=driver.example,verify=…,staff=…,open=…; none: NAME.localhost outside production, "
         "no web apps in production"),
    _row("LZ_TLS_CERT", "tls_cert", words.path, None,
         "file with a certificate chain (PEM): the HTTP server speaks TLS itself, for trying; never in production"),
    _row("LZ_TLS_KEY", "tls_key", words.path, None, "file with its key (PEM, without a passphrase); none: it is in the same file"),
    _row("LZ_WORKERS", "workers", words.number(1, 64), 1, "HTTP server processes"),
    _row("LZ_API_MACHINES", "api_machines", words.number(1, 1000), 1,
         "machines that serve the API side by side, LZ_WORKERS processes each: rates are divided among all of them"),
    _row("LZ_POOL_SIZE", "pool_size", words.number(1, 200), 8, "database connections of one process, at most"),
    _row("LZ_LOG_FORMAT", "log_format", words.one_of("console", "json"), "console", "how log lines are written"),
    _row("LZ_LOG_LEVEL", "log_level", words.one_of("debug", "info", "warning", "error"), "info",
         "least level logged"),
    _row("LZ_TRACES_DIR", "traces_dir", words.path, None,
         "where each process writes its spans as OTLP/JSON, one a line, for a collector to pick up; none: no spans"),
    _row("LZ_METRICS_PORT", "metrics_port", words.number(0, 65535), None,
         "port on which each process serves /metrics, /healthz and /readyz to operators; of several HTTP processes "
         "the second takes the port after it, and so on; 0: any free one; none: not served"),
    _row("LZ_METRICS_HOST", "metrics_host", words.text, "127.0.0.1",
         "address LZ_METRICS_PORT is on; another than this machine's own needs LZ_METRICS_TOKEN"),
    _row("LZ_METRICS_TOKEN", "metrics_token", words.text, None,
         "bearer token demanded for /metrics and /readyz there; none: no token"),
    _row("LZ_DISK_LOW_MIB", "disk_low_mib", words.number(0, 1 << 20), 512,
         "MiB free in LZ_DATA_DIR below which a process says it is not ready"),
    _row("LZ_ROTATE_S", "rotate_s", words.number(5, 60), _LIVES.rotate,
         "seconds until the phone makes a new live code"),
    _row("LZ_ACCEPTED_S", "accepted_s", words.number(5, 300), _LIVES.accepted,
         "seconds a live code is taken after it was made"),
    _row("LZ_SKEW_S", "skew_s", words.number(0, 300), _LIVES.skew, "seconds two clocks may differ"),
    _row("LZ_SNAPSHOT_S", "snapshot_s", words.number(3600, 30 * 86400), _LIVES.snapshot,
         "seconds a status snapshot is taken"),
    _row("LZ_AMBER_S", "amber_s", words.number(600, 30 * 86400), _LIVES.amber,
         "seconds after which a snapshot is shown as old"),
    _row("LZ_CREDENTIAL_S", "credential_s", words.number(86400, 3 * _YEAR_S), _LIVES.credential,
         "seconds a credential on a phone is good"),
    Setting("status_policy", "LZ_STATUS_EFFECTS", words.status_policy, lambda: DEFAULT_POLICY,
            status_policy_text(DEFAULT_POLICY),
            "what the status letters do that no order settles (docs/reference.md §3.2), as LETTER=SHOWN or "
            "LETTER=SHOWN+drive, comma-separated; SHOWN: normal, red, message, hidden"),
    _row("LZ_PHOTO_LEAST_OCTETS", "photo_least_octets", words.number(1, 1 << 20), 2 * 1024,
         "octets of the smallest archived photo that is imported"),
    _row("LZ_PHOTO_MOST_OCTETS", "photo_most_octets", words.number(1, 1 << 20), 1 << 20,
         "octets of the largest archived photo that is imported"),
    _row("LZ_CONSENT_REQUEST_S", "consent_request_s", words.number(60, 3600), 600,
         "seconds a company's request can be opened and approved by its code"),
    _row("LZ_STANDING_CONSENT_DAYS", "standing_consent_days", words.number(1, 3660), 365,
         "days a driver's standing consent to a company lasts, at most"),
    Setting("points_before_2022_04", "LZ_POINTS_BEFORE_2022_04", words.points, lambda: frozenset({1, 2, 3, 6, 12}), "12,6,3,2,1",
            "points one violation before 2022-04-01 may weigh (from then on: Order 163)"),
    _row("LZ_LATE_POINTS_REOPEN", "late_points_reopen", words.yes_or_no, True,
         "yes: an entry known late that fills the points cycle that just ended opens it again; no: ended cycles stay ended"),
    _row("LZ_FEED_LINES_KEPT_DAYS", "feed_lines_kept_days", words.number(31, 3660), 400,
         "days for which a repeated line of a register is compared with what it was; after them its number is only known"),
    _row("LZ_MESSAGES_KEPT_DAYS", "messages_kept_days", words.number(180, 3660), 400,
         "days a message that was read is kept, and one about looks; as long as the looks themselves, a little over a year"),
    _row("LZ_CORRECTIONS_KEPT_DAYS", "corrections_kept_days", words.number(180, 3660), 400,
         "days a request to correct one's data is kept after its answer, wish and answer with it; its audit entries stay"),
    _row("LZ_OWN_PHOTO_LEAST_OCTETS", "own_photo_least_octets", words.number(1, 1 << 20), 10 * 1024,
         "octets of the smallest camera or album photo a holder may send (docs/reference.md §1.4)"),
    _row("LZ_OWN_PHOTO_MOST_OCTETS", "own_photo_most_octets", words.number(1, 1_100_000), 1 << 20,
         "octets of the largest camera or album photo a holder may send"),
    _row("LZ_PHOTO_FACES", "photo_faces", words.one_of("none", "dlib", "simulated"), "none",
         "what counts the faces in a holder's photo before a reviewer looks: nothing, dlib (extra `face`), or what only plays it"),
    _row("LZ_REVIEWERS_LINKED", "reviewers_linked", words.yes_or_no, None,
         "yes: staff who are not linked to the person they are (./lz staff link) review, propose and decide nothing; "
         "none: yes in production"),
    _row("LZ_REVIEW_LEASE_S", "review_lease_s", words.number(60, 86400), 900,
         "seconds a photo stays in the hand of the reviewer who took it"),
    _row("LZ_FONTS", "fonts", words.fonts, None,
         "font files the issuer draws rare characters of names from, comma-separated, the first that has a character draws it; "
         "FILE#2: third face of a collection; off: none, code points are shown; none: those of Debian's fonts-noto-cjk and "
         "fonts-hanazono that are there"),
)  # fmt: skip

_ATTRIBUTES = {setting.name for setting in TABLE} - {f"{role}_keys" for role in ROLES} | {"key_dirs"}
assert {field.name for field in fields(Settings)} == _ATTRIBUTES


def _refuse_unknown(given: Mapping[str, str]) -> None:
    known = [setting.variable for setting in TABLE]
    for variable in given:
        if variable.startswith("LZ_") and variable not in known and not variable.startswith(_OTHERS):
            near = difflib.get_close_matches(variable, known, n=1)
            raise Invalid(variable, "is not a setting" + (f"; do you mean {near[0]}?" if near else ""))
