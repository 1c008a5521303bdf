"""Keys in files, for demonstrations, tests and development: root, document signers, status signer, index
secret.

Each role has its own directory, 0700, its files 0600; a process is given the directories of its roles and no
other.
The signed trust bundle is the record of every key, and replacing it is the one moment a ceremony takes
effect: key
files are written before it, so a ceremony that is cut off leaves the old state whole and at most a key file
nobody
names. In production keys belong into a token behind the same `Signer`; files are refused there unless the
operator
says otherwise (`LZ_ALLOW_SOFTWARE_KEYS`).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from liangzheng.kernel.region import PROVINCES
from liangzheng.standards import x509
from liangzheng.standards.errors import BadKey, BadTrust
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.trust import TrustBundle, TrustEntry, sign_trust_bundle
from liangzheng.standards.x509 import Role

ROOT_YEARS = 20
SIGNING_DAYS = 90
"""Longest window in which one document signer signs (docs/decisions/0006)."""

CREDENTIAL_DAYS = 365
"""A certificate outlives its window by the longest life of what the key signed."""

WARN_BEFORE = timedelta(days=14)
_BUNDLE, _ROOT_CERTIFICATE = "trust-bundle.cbor", "root.der"
ISSUING_PROVINCES = tuple(f"CN-{prefix}" for prefix, province in PROVINCES.items() if province.abbreviation)
"""The 31 provinces whose authorities issue licences."""


@dataclass(frozen=True, slots=True)
class KeyDirs:
    """Where the keys of each role lie. `trust` is public: the bundle and the root's certificate."""

    root: Path
    issuer: Path
    status: Path
    audit: Path
    index: Path
    trust: Path

    @classmethod
    def under(cls, base: Path) -> KeyDirs:
        """All roles side by side under one directory, as on a demonstration machine."""
        return cls(
            base / "root", base / "issuer", base / "status", base / "audit", base / "index", base / "trust"
        )

    @property
    def bundle(self) -> Path:
        return self.trust / _BUNDLE

    @property
    def root_certificate(self) -> Path:
        return self.trust / _ROOT_CERTIFICATE


class KeyState(StrEnum):
    """Where a signer's key stands at an instant.

    Planned, active, retiring, retired; compromised from any of them; never back, so that a signature can be
    dated by the window its key signed in.
    """

    PLANNED = "planned"
    ACTIVE = "active"
    RETIRING = "retiring"
    RETIRED = "retired"
    COMPROMISED = "compromised"


@dataclass(frozen=True, slots=True)
class KeyOverlap:
    """How a new key takes over: it signs after `lead`, so that verifiers have its bundle; the old one
    `overlap` longer.
    """

    lead: timedelta = timedelta(0)
    overlap: timedelta = timedelta(hours=24)


# -- ceremonies
# ---------------------------------------------------------------------------------------------------------


def init(dirs: KeyDirs, alg: Alg, now: datetime, organisation: str) -> TrustBundle:
    """Root, one document signer a province, status signer, audit signer, index secret, and bundle version 1.

    Raises Conflict when there is a bundle already. A run that was cut off is gone on with: its root is used
    again.
    """
    with _ceremony(dirs):
        if dirs.bundle.exists():
            raise Conflict("there are keys already; use `rotate` for new ones", place=str(dirs.trust))
        for directory in (dirs.issuer, dirs.status, dirs.audit, dirs.index):
            _private_directory(directory)
        dirs.trust.mkdir(parents=True, exist_ok=True)
        root, certificate = _root(dirs, alg, now, organisation)
        if not (dirs.index / "index.secret").exists():
            write_whole(dirs.index / "index.secret", secrets.token_bytes(32))
        wanted = [
            (Role.STATUS, None),
            (Role.AUDIT, None),
            *((Role.DOCUMENT, province) for province in ISSUING_PROVINCES),
        ]
        entries = [_new_key(dirs, root, certificate, role, province, now) for role, province in wanted]
        write_whole(dirs.root_certificate, certificate, 0o644)
        return _publish(dirs, 1, now, certificate, entries, root)


def rotate(
    dirs: KeyDirs, roles: Iterable[tuple[Role, str | None]], now: datetime, takeover: KeyOverlap
) -> TrustBundle:
    """A new key for each (role, province); the old ones sign until the overlap ends and stay in the
    bundle.
    """
    with _ceremony(dirs):
        root, certificate = _open_root(dirs)
        bundle = load_bundle(dirs)
        entries = list(bundle.entries)
        starts = now + takeover.lead
        ends = int((starts + takeover.overlap).timestamp())
        for role, province in roles:
            # Deployments older than the audit record's checkpoints get their first audit key here.
            if role is not Role.AUDIT and (role, province) not in {
                (entry.role, entry.province) for entry in bundle.entries
            }:
                raise NotFound(
                    f"there is no {role} signer for {province or 'the status list'}", place=str(province)
                )
            entries = [
                _until(entry, ends) if (entry.role, entry.province) == (role, province) else entry
                for entry in entries
            ]
            entries.append(_new_key(dirs, root, certificate, role, province, starts, now))
        return _publish(dirs, bundle.version + 1, now, certificate, entries, root)


def compromise(dirs: KeyDirs, kid: bytes, at: datetime, now: datetime) -> TrustBundle:
    """What `kid` signed from `at` on is refused by every verifier that has the new bundle. An earlier date
    wins.

    Raises NotFound for a key that is in no bundle.
    """
    with _ceremony(dirs):
        root, certificate = _open_root(dirs)
        bundle = load_bundle(dirs)
        if kid not in {entry.kid for entry in bundle.entries}:
            raise NotFound("no key of the bundle has this id", place=kid.hex())
        since = int(at.timestamp())
        entries = [
            replace(entry, compromised_at=min(since, entry.compromised_at or since))
            if entry.kid == kid
            else entry
            for entry in bundle.entries
        ]
        return _publish(dirs, bundle.version + 1, now, certificate, entries, root)


def sign_again(dirs: KeyDirs, now: datetime) -> TrustBundle:
    """The same keys under a version one higher: verifiers read the bundle's age from its time."""
    with _ceremony(dirs):
        root, certificate = _open_root(dirs)
        bundle = load_bundle(dirs)
        return _publish(dirs, bundle.version + 1, now, certificate, bundle.entries, root)


def _until(entry: TrustEntry, ends: int) -> TrustEntry:
    if entry.signed_until <= ends:
        return entry
    # A key planned for later than the overlap ends never comes to sign.
    return replace(entry, signed_until=max(ends, entry.signed_from))


def _new_key(
    dirs: KeyDirs,
    root: SoftwareSigner,
    certificate: bytes,
    role: Role,
    province: str | None,
    starts: datetime,
    now: datetime | None = None,
) -> TrustEntry:
    """A key of the root's algorithm, kept, and its entry; it signs from `starts` for SIGNING_DAYS."""
    signer = SoftwareSigner.generate(root.alg)
    starts = starts.astimezone(UTC).replace(microsecond=0)
    ends = starts + timedelta(days=SIGNING_DAYS)
    leaf = x509.make_signer(
        certificate,
        root,
        signer.public_key,
        role,
        name=province or "CN",
        not_before=min(starts, (now or starts).astimezone(UTC).replace(microsecond=0)),
        not_after=ends + timedelta(days=CREDENTIAL_DAYS),
    )
    directory = {Role.DOCUMENT: dirs.issuer, Role.STATUS: dirs.status, Role.AUDIT: dirs.audit}[role]
    _private_directory(directory)
    write_whole(directory / f"{province or role.value}-{signer.kid.hex()}.key", signer.to_pkcs8())
    return TrustEntry(role, province, leaf, int(starts.timestamp()), int(ends.timestamp()))


def _root(dirs: KeyDirs, alg: Alg, now: datetime, organisation: str) -> tuple[SoftwareSigner, bytes]:
    """The root a cut-off `init` made, or a new one."""
    key, own = dirs.root / "root.key", dirs.root / "root.der"
    if key.exists() and own.exists():
        root, certificate = _open_root(dirs)
        if root.alg is alg:
            return root, certificate
    root = SoftwareSigner.generate(alg)
    begins = now.astimezone(UTC).replace(microsecond=0)
    certificate = x509.make_root(
        root,
        organisation=organisation,
        not_before=begins,
        not_after=begins + timedelta(days=365 * ROOT_YEARS),
    )
    write_whole(key, root.to_pkcs8())
    write_whole(own, certificate)
    return root, certificate


def _open_root(dirs: KeyDirs) -> tuple[SoftwareSigner, bytes]:
    root = _read_key(dirs.root / "root.key")
    return root, _read_private(dirs.root / "root.der")


def _publish(
    dirs: KeyDirs,
    version: int,
    now: datetime,
    certificate: bytes,
    entries: Iterable[TrustEntry],
    root: SoftwareSigner,
) -> TrustBundle:
    """Signs, reads back as a verifier would, and only then replaces the bundle: the ceremony's one moment."""
    octets = sign_trust_bundle(version, int(now.timestamp()), certificate, entries, root)
    bundle = TrustBundle.load(octets, root.public_key, not_older_than=version)
    write_whole(dirs.bundle, octets, 0o644)
    return bundle


@contextmanager
def _ceremony(dirs: KeyDirs) -> Iterator[None]:
    """One ceremony at a time; a second one is told so at once."""
    _private_directory(dirs.root)
    fd = os.open(dirs.root / "ceremony.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "another `lz keys` command is at work on these keys", place=str(dirs.root)
            ) from None
        yield
    finally:
        os.close(fd)


# -- reading
# ------------------------------------------------------------------------------------------------------------


def load_bundle(dirs: KeyDirs) -> TrustBundle:
    """The bundle this deployment publishes, under its own root. Raises NotFound before `init`, Unavailable
    when damaged."""
    return _load(dirs.trust)[0]


def _load(directory: Path) -> tuple[TrustBundle, bytes]:
    try:
        octets = (directory / _BUNDLE).read_bytes()
        certificate = (directory / _ROOT_CERTIFICATE).read_bytes()
    except FileNotFoundError:
        raise _no_keys(directory) from None
    try:
        return TrustBundle.load(octets, x509.Certificate.load(certificate).key), octets
    except (BadTrust, ValueError) as fault:
        raise Unavailable(f"{directory / _BUNDLE} cannot be used: {fault}") from None


def _no_keys(directory: Path) -> NotFound:
    return NotFound("there are no keys yet: run `./lz keys init`", place=str(directory))


class TrustMark(NamedTuple):
    """Which bundle it was: its version and the SHA-256 of its octets."""

    version: int
    sha256: bytes

    @classmethod
    def of(cls, loaded: tuple[TrustBundle, bytes]) -> TrustMark:
        """The mark of a bundle and its octets."""
        return cls(loaded[0].version, hashlib.sha256(loaded[1]).digest())

    def refuse_before(self, newest: TrustMark) -> None:
        """Raises Unavailable when this is older than `newest`, or another bundle of the same version."""
        if self.version < newest.version:
            what = f"is version {self.version}, older than version {newest.version}"
        elif self.version == newest.version and self.sha256 != newest.sha256:
            what = f"is another one of version {self.version}, not the one"
        else:
            return
        raise Unavailable(
            f"the trust bundle on disk {what} this deployment has used: an old copy would bring back keys that were "
            f"retired or stolen. Put version {newest.version} back (from a backup, or from any verifier, who has it); "
            f"if it is lost, sign anew until the version is above {newest.version}: `./lz keys trust-bundle --out FILE`"
        )


class Trust:
    """The published bundle, read again when the file was replaced. Calling it gives the current one.

    It is given the public directory with bundle and root certificate, and reaches no key. Once told by `hold`
    what the deployment has used (trust_mark.py), it takes a newer bundle only after that one was held as well.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stamp: tuple[int, int] | None = None
        self._waiting: tuple[int, int] | None = None
        self._read: tuple[TrustBundle, bytes] | None = None
        self._newest: TrustMark | None = None
        self._held = False

    def __call__(self) -> TrustBundle:
        """Raises NotFound, Unavailable as `load_bundle`; Unavailable for one `TrustMark.refuse_before` refuses."""
        return self.published()[0]

    def published(self) -> tuple[TrustBundle, bytes]:
        """The current bundle and its octets as the root signed them. Raises as calling does."""
        stamp = self._stat()
        if self._read is not None and stamp in (self._stamp, self._waiting):
            return self._read
        fresh = self.on_disk()
        mark = TrustMark.of(fresh)
        if self._newest is not None:
            mark.refuse_before(self._newest)
        if self._held and self._newest != mark:
            # Not before the database knows of it: else a crash now, and an old copy, and nobody would know.
            self._waiting = stamp
            if self._read is None:
                raise Unavailable("the trust bundle was replaced this moment: try again", retry_after_s=2)
            return self._read
        self._read, self._stamp, self._newest = fresh, stamp, mark
        return self._read

    def on_disk(self) -> tuple[TrustBundle, bytes]:
        """What lies there, in use or not. Raises NotFound, Unavailable as `load_bundle`."""
        return _load(self._directory)

    def hold(self, mark: TrustMark) -> None:
        """From now on nothing before `mark` is taken, nor anything newer that was not held first."""
        self._newest, self._held, self._waiting = mark, True, None

    def replaced(self) -> bool:
        """Whether the file is another than the one in use."""
        return self._stat() != self._stamp

    def _stat(self) -> tuple[int, int]:
        try:
            found = (self._directory / _BUNDLE).stat()
        except FileNotFoundError:
            raise _no_keys(self._directory) from None
        return found.st_mtime_ns, found.st_ino


def key_state(entry: TrustEntry, entries: Iterable[TrustEntry], now: datetime) -> KeyState:
    """Where a key stands: retiring when a newer one of its role and province signs already."""
    at = int(now.timestamp())
    if entry.compromised_at is not None:
        return KeyState.COMPROMISED
    if at < entry.signed_from:
        return KeyState.PLANNED
    if at > entry.signed_until:
        return KeyState.RETIRED
    newest = signing_entry(entries, entry.role, entry.province, now)
    return KeyState.ACTIVE if newest is not None and newest.kid == entry.kid else KeyState.RETIRING


def signing_entry(
    entries: Iterable[TrustEntry], role: Role, province: str | None, now: datetime
) -> TrustEntry | None:
    """The entry whose key signs now: in its window, not compromised, the newest of these."""
    at = int(now.timestamp())
    able = [
        entry
        for entry in entries
        if (entry.role, entry.province) == (role, province)
        and entry.signed_from <= at <= entry.signed_until
        and entry.compromised_at is None
    ]
    return max(able, key=lambda entry: entry.signed_from, default=None)


def running_out(bundle: TrustBundle, now: datetime) -> list[tuple[Role, str | None, datetime | None]]:
    """Roles and provinces whose last key stops signing within WARN_BEFORE, and when (None: none signs
    now).
    """
    found: list[tuple[Role, str | None, datetime | None]] = []
    for role, province in dict.fromkeys((entry.role, entry.province) for entry in bundle.entries):
        ends = [
            entry.signed_until
            for entry in bundle.entries
            if (entry.role, entry.province) == (role, province) and entry.compromised_at is None
        ]
        last = datetime.fromtimestamp(max(ends), UTC) if ends else None
        if last is None or last < now:
            found.append((role, province, None))
        elif last < now + WARN_BEFORE:
            found.append((role, province, last))
    return found


def signs_until(bundle: TrustBundle, role: Role, now: datetime) -> datetime:
    """When the first of the places of `role` (provinces; one status list) is left without a key that signs.

    Raises Unavailable when one is already.
    """
    places = dict.fromkeys(entry.province for entry in bundle.entries if entry.role is role)
    ends = []
    for province in places:
        if signing_entry(bundle.entries, role, province, now) is None:
            raise Unavailable(f"no {role} key signs for {province or 'all'} now: `./lz keys rotate`")
        ends.append(
            max(
                entry.signed_until
                for entry in bundle.entries
                if (entry.role, entry.province) == (role, province) and entry.compromised_at is None
            )
        )
    if not ends:
        raise Unavailable(f"the trust bundle has no {role} key")
    return datetime.fromtimestamp(min(ends), UTC)


class FileSigners:
    """The keys of one role's directory, chosen by what the trust bundle says of them."""

    def __init__(self, directory: Path, role: Role, trust: Trust) -> None:
        """Raises Unavailable when the directory cannot be read or others may read it."""
        self._directory, self.role, self._trust = directory, role, trust
        self._signers: Mapping[bytes, SoftwareSigner] = {}
        self._version = 0

    def _of_bundle(self, bundle: TrustBundle) -> Mapping[bytes, SoftwareSigner]:
        if bundle.version != self._version:
            signers = (_read_key(path) for path in sorted(_private_files(self._directory, ".key")))
            self._signers = {signer.kid: signer for signer in signers}
            self._version = bundle.version
        return self._signers

    def signing(self, province: str | None, now: datetime) -> SoftwareSigner:
        """The key that signs for `CN-32` (None: for all) now. Raises Unavailable when there is
        none.
        """
        bundle = self._trust()
        entry = signing_entry(bundle.entries, self.role, province, now)
        signer = self._of_bundle(bundle).get(entry.kid) if entry else None
        if signer is None:
            raise Unavailable(f"no {self.role} key signs for {province or 'all'} now: `./lz keys rotate`")
        return signer

    def of_kid(self, kid: bytes, now: datetime) -> SoftwareSigner | None:
        """That key, while it may still sign; else None."""
        bundle = self._trust()
        entry = bundle.find(kid, self.role)
        if (
            entry is None
            or entry.why_not_at(int(now.timestamp())) is not None
            or entry.compromised_at is not None
        ):
            return None
        return self._of_bundle(bundle).get(kid)


def refuse_in_production(mode: str, allowed: bool) -> None:
    """Raises Forbidden when keys in files would sign for real and nobody said they may."""
    if mode == "production" and not allowed:
        raise Forbidden(
            "keys in files do not sign in production mode: use a token, or set LZ_ALLOW_SOFTWARE_KEYS=yes "
            "knowingly",
            rule="LZ_ALLOW_SOFTWARE_KEYS",
        )


def read_index_secret(dirs: KeyDirs) -> bytes:
    """The secret of the key index, 32 octets. Raises Unavailable."""
    return _read_private(dirs.index / "index.secret")


def marks(dirs: KeyDirs) -> dict[str, str]:
    """What tells these keys from others and opens nothing: of the root and of the index secret, for a backup's manifest.

    Raises NotFound before `init`, Unavailable.
    """
    secret = hashlib.blake2b(b"backup", key=read_index_secret(dirs), person=b"lz-mark", digest_size=16)
    return {"root": hashlib.sha256(load_bundle(dirs).root.spki).hexdigest(), "index": secret.hexdigest()}


# -- files
# --------------------------------------------------------------------------------------------------------------


def write_whole(path: Path, octets: bytes, mode: int = 0o600) -> None:
    """The file is there whole, on disk, or as it was before: temporary name, fsync, rename, fsync of the
    directory.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _private_directory(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_open(path)


def _private_files(directory: Path, suffix: str) -> Iterator[Path]:
    if not directory.is_dir():
        raise Unavailable(
            f"{directory} is no directory of keys: run `./lz keys init`, or give this process its role's keys"
        )
    _refuse_open(directory)
    return (path for path in directory.iterdir() if path.suffix == suffix and not path.name.startswith("."))


def _refuse_open(path: Path) -> None:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Unavailable(f"{path} may be read by others: keys lie in directories 0700 and files 0600")


def _read_private(path: Path) -> bytes:
    try:
        _refuse_open(path)
        return path.read_bytes()
    except (FileNotFoundError, PermissionError) as error:
        raise Unavailable(f"{path} cannot be read ({error.strerror})") from None


def _read_key(path: Path) -> SoftwareSigner:
    try:
        return SoftwareSigner.from_pkcs8(_read_private(path))
    except BadKey as fault:
        raise Unavailable(f"{path} holds no key: {fault}") from None


def kid_of(text: str) -> bytes:
    """A key id as written by `list`: 16 hexadecimal digits. Raises Invalid."""
    try:
        kid = bytes.fromhex(text)
    except ValueError:
        kid = b""
    if len(kid) != 8:
        raise Invalid("key id", "16 hexadecimal digits")
    return kid
