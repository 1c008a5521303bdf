"""The one file that chooses neighbours: which face engine, which source of real names, which keys, for which process.

A process gets what its part needs and nothing else: the API the status signer, the issuer the document signers, the
queue worker the audit signer. What is simulated refuses to be made in production mode.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from liangzheng import accounts, drivers, licences, staff
from liangzheng.infra import spans, trust_mark
from liangzheng.infra.face import FaceVerifier
from liangzheng.infra.face_authority import AuthorityEndpoint, AuthorityFace
from liangzheng.infra.face_calibration import read_calibration
from liangzheng.infra.face_dlib import NAME, DlibComparer, DlibFace
from liangzheng.infra.face_manual import ManualFace
from liangzheng.infra.face_simulated import SimulatedFace
from liangzheng.infra.fonts import Fonts
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.keys_file import (
    FileSigners,
    KeyDirs,
    Trust,
    read_index_secret,
    refuse_in_production,
    signs_until,
)
from liangzheng.infra.keys_sealed import Seal
from liangzheng.infra.passwords import Passwords
from liangzheng.infra.photo_faces import DlibFaces
from liangzheng.infra.photo_faces_simulated import SimulatedFaces
from liangzheng.infra.postgres import Connection, Database, attach
from liangzheng.infra.realname_register import RegisterRealName
from liangzheng.infra.reference import Reference, load_reference
from liangzheng.infra.settings import Settings
from liangzheng.infra.sms import NoSms, Sms
from liangzheng.infra.sms_http import HttpSms, SmsEndpoint, read_sms_key
from liangzheng.infra.sms_simulated import FILE as SIMULATED_SMS
from liangzheng.infra.sms_simulated import SimulatedSms
from liangzheng.infra.webhooks import HttpWebhooks, Webhooks, call_policy
from liangzheng.kernel.errors import Invalid, NotFound, Unavailable
from liangzheng.kernel.ids import DriverId, PersonId
from liangzheng.kernel.people import IdentityNumber, PersonName
from liangzheng.kernel.time import Clock, SystemClock
from liangzheng.kernel.web_address import CallPolicy
from liangzheng.relying.model import ConsentPolicy
from liangzheng.standards.errors import BadKey
from liangzheng.standards.keys import PublicKey, SoftwareSigner
from liangzheng.standards.livecode import Lives
from liangzheng.standards.x509 import Role


class Part(StrEnum):
    """What a process is there for; it decides which keys the process is given."""

    API = "api"
    ISSUER = "issuer"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything a process may reach. A neighbour its part does not need is missing, and asking for it is Unavailable."""

    settings: Settings
    database: Database
    clock: Clock
    reference: Reference
    key_index: KeyIndex
    trust: Trust
    real_name: accounts.RealName
    face_verifier: FaceVerifier
    sms: Sms
    account_policy: accounts.AccountPolicy
    staff_policy: staff.StaffPolicy
    passwords: Passwords
    webhooks: Webhooks
    photo_policy: licences.PhotoPolicy
    face_finder: licences.FaceFinder = field(default_factory=licences.NoFaceFinder)
    photo_process: licences.PhotoProcess = field(default_factory=licences.PhotoProcess)
    """Decodes holders' pictures; starts with the first one."""
    fonts: Fonts = field(default_factory=lambda: Fonts(()))
    """Draws rare characters of names, in the issuer alone."""
    _status_signers: FileSigners | None = field(default=None, repr=False)
    _document_signers: FileSigners | None = field(default=None, repr=False)
    _audit_signers: FileSigners | None = field(default=None, repr=False)

    @property
    def lives(self) -> Lives:
        """How long codes, snapshots and credentials live."""
        return self.settings.lives

    @property
    def consent_policy(self) -> ConsentPolicy:
        """How long requests of companies and consents of drivers last."""
        return ConsentPolicy(
            status=self.settings.status_policy,
            request_s=self.settings.consent_request_s,
            standing_days=self.settings.standing_consent_days,
        )

    @property
    def face_reviews(self) -> accounts.FaceReviews:
        """What the queue of face checks needs: its seal, and the register."""
        return face_reviews(self.key_index)

    @property
    def call_policy(self) -> CallPolicy:
        """Which addresses of others we call."""
        return call_policy(self.settings.mode)

    @property
    def feed_policy(self) -> drivers.FeedPolicy:
        """How much of a change feed may wait, what violations may weigh, and what late ones do."""
        return feed_policy(self.settings)

    @property
    def status_signers(self) -> FileSigners:
        """The status signer's keys. Raises Unavailable in a process that is not the API."""
        return _given(self._status_signers, "status signer")

    @property
    def document_signers(self) -> FileSigners:
        """The document signers' keys. Raises Unavailable in every process but the issuer."""
        return _given(self._document_signers, "document signer")

    @property
    def audit_signers(self) -> FileSigners:
        """The audit signer's keys. Raises Unavailable in every process but the queue worker."""
        return _given(self._audit_signers, "audit signer")

    def signs_until(self, now: datetime) -> datetime | None:
        """Until when every signer this process has can sign; None: it has none. Raises Unavailable when one cannot now."""
        roles = [
            signers.role
            for signers in (self._status_signers, self._document_signers, self._audit_signers)
            if signers is not None
        ]
        ends = [signs_until(self.trust(), role, now) for role in roles]
        return min(ends, default=None)

    @property
    def simulated(self) -> tuple[str, ...]:
        """The neighbours that only play their part, for the start page and the logs."""
        played = (
            ("face check", self.face_verifier.simulated),
            ("real names", self.real_name.simulated),
            ("text messages", self.sms.simulated),
            ("count of faces in photos", self.face_finder.simulated),
        )
        return tuple(name for name, simulated in played if simulated)


def _given(signers: FileSigners | None, what: str) -> FileSigners:
    if signers is None:
        raise Unavailable(f"this process is not given the keys of a {what}")
    return signers


def key_dirs(settings: Settings) -> KeyDirs:
    """Where the keys of each role are. The trust bundle, public, stands beside them in the data directory."""
    return KeyDirs(
        root=settings.key_dir("root"),
        issuer=settings.key_dir("issuer"),
        status=settings.key_dir("status"),
        audit=settings.key_dir("audit"),
        index=settings.key_dir("index"),
        trust=settings.data_dir / "keys" / "trust",
    )


def index_keys(settings: Settings) -> KeyIndex:
    """The keyed hash numbers are looked up by, for a command. Raises Unavailable before `./lz keys init`."""
    dirs = key_dirs(settings)
    if not dirs.index.is_dir():
        raise Unavailable(
            f"there are no keys in {dirs.index} yet, and numbers are looked up by a keyed hash: run `./lz keys init`"
        )
    return KeyIndex(read_index_secret(dirs))


@asynccontextmanager
async def wired_up(settings: Settings, part: Part, clock: Clock | None = None) -> AsyncIterator[Wiring]:
    """The wiring of one process for the length of the block, the database attached.

    Raises NotFound before `./lz keys init`, Unavailable without a database or with an old trust bundle (trust_mark.py),
    Forbidden for key files in production.
    """
    async with attach(settings, max=settings.pool_size) as database:
        written = spans.exporting(settings.traces_dir, f"liangzheng-{part}")
        wiring = wire(settings, part, database, clock)
        following: asyncio.Task[None] | None = None
        try:
            await trust_mark.take(database, wiring.trust, wiring.clock)
            following = asyncio.create_task(trust_mark.follow(database, wiring.trust, wiring.clock))
            with written:
                yield wiring
        finally:
            if following is not None:
                following.cancel()
            wiring.face_finder.close()
            wiring.passwords.close()
            wiring.photo_process.close()
            if isinstance(wiring.face_verifier, DlibFace):
                wiring.face_verifier.close()


def wire(settings: Settings, part: Part, database: Database, clock: Clock | None = None) -> Wiring:
    """The wiring over a database that is already open. Raises Invalid for an API without host names in production."""
    dirs = key_dirs(settings)
    trust = Trust(dirs.trust)
    refuse_in_production(settings.mode, settings.allow_software_keys)
    if part is Part.API:
        settings.demand_hosts()
    made = Wiring(
        settings=settings,
        database=database,
        clock=clock or SystemClock(),
        reference=load_reference(),
        key_index=(key_index := KeyIndex(read_index_secret(dirs))),
        trust=trust,
        real_name=_real_name(key_index),
        # Only the API looks at faces: no other process needs an engine's library, models or keys.
        face_verifier=_face_verifier(settings, database) if part is Part.API else ManualFace(),
        sms=_sms(settings, part),
        account_policy=_account_policy(settings),
        staff_policy=staff_policy(settings),
        passwords=Passwords(
            memory_kib=settings.argon2_memory_kib,
            passes=settings.argon2_passes,
            at_once=settings.argon2_at_once,
        ),
        webhooks=HttpWebhooks(call_policy(settings.mode)),
        photo_policy=_photo_policy(settings),
        face_finder=_face_finder(settings) if part is Part.API else licences.NoFaceFinder(),
        fonts=Fonts.named(settings.fonts) if part is Part.ISSUER else Fonts(()),
        _status_signers=FileSigners(dirs.status, Role.STATUS, trust) if part is Part.API else None,
        _document_signers=FileSigners(dirs.issuer, Role.DOCUMENT, trust) if part is Part.ISSUER else None,
        _audit_signers=FileSigners(dirs.audit, Role.AUDIT, trust) if part is Part.QUEUE else None,
    )
    # Whatever was chosen above, also by who adds a neighbour later: nothing simulated comes through in production.
    for neighbour in made.simulated:
        settings.demand_real(neighbour)
    return made


def _real_name(key_index: KeyIndex) -> accounts.RealName:
    """The driver register: number and name must both be there."""

    async def find(tx: Connection, number: IdentityNumber) -> tuple[DriverId, PersonName] | None:
        return await drivers.named(tx, key_index, number)

    return RegisterRealName(find, drivers.same_name)


def _account_policy(settings: Settings) -> accounts.AccountPolicy:
    """How long logins and face checks last. A simulated pass counts outside production, unless told not to."""
    production = settings.mode == "production"
    return accounts.AccountPolicy(
        production=production,
        session_idle_s=settings.session_idle_s,
        session_absolute_s=settings.session_s,
        face_usable_s=settings.face_usable_s,
        code_within_s=settings.code_within_ms / 1000,
        face_captures_days=settings.face_captures_days,
        mobile_change_hold_s=settings.mobile_change_hold_s,
        closing_hold_s=settings.closing_hold_s,
        simulated_pass_counts=not production and settings.simulated_face_counts is not False,
    )


def staff_policy(settings: Settings) -> staff.StaffPolicy:
    """How long staff logins and proposals last, and how many look-ups a day. Raises Invalid for a duty there is not."""
    try:
        named = [count.partition("=") for count in settings.staff_look_ups]
        budgets = {staff.Duty(duty): int(count) for duty, _, count in named}
    except ValueError:
        raise Invalid("LZ_STAFF_LOOK_UPS", "names duties: " + ", ".join(staff.Duty)) from None
    return staff.StaffPolicy(
        idle_s=settings.staff_idle_s,
        session_s=settings.staff_session_s,
        fresh_s=settings.staff_fresh_s,
        proposal_s=settings.proposal_s,
        retention_s=settings.retention_s,
        retain_within_s=settings.retain_within_s,
        budgets=budgets,
        look_ups_reviewed=settings.look_ups_reviewed,
        demands_links=settings.demands_linked_staff,
    )


def face_reviews(key_index: KeyIndex) -> accounts.FaceReviews:
    """The queue of face checks over the driver register; its pictures are sealed under the deployment's index secret."""
    return accounts.FaceReviews(Seal(key_index, "face captures"), _authority_of, _portrait_of)


async def _authority_of(tx: Connection, driver_id: DriverId) -> str | None:
    try:
        return (await drivers.licence_record(tx, driver_id)).issuing_authority
    except NotFound:
        return None


async def _portrait_of(tx: Connection, driver_id: DriverId) -> bytes | None:
    try:
        hashed = (await drivers.licence_record(tx, driver_id)).portrait_hash
    except NotFound:
        return None
    return await drivers.portrait(tx, hashed) if hashed else None


def feed_policy(settings: Settings) -> drivers.FeedPolicy:
    """How much of a change feed may wait, what violations may weigh, and what late ones do."""
    points = drivers.PointsPolicy(settings.points_before_2022_04, settings.late_points_reopen)
    return drivers.FeedPolicy(points=points)


def _photo_policy(settings: Settings) -> licences.PhotoPolicy:
    """What an own photo may weigh; the other limits are the reference's or ours."""
    return licences.PhotoPolicy(
        least_octets=settings.own_photo_least_octets, most_octets=settings.own_photo_most_octets
    )


def _face_verifier(settings: Settings, database: Database) -> FaceVerifier:
    """The engine the deployment named; the manual one, which passes nobody alone, unless it said otherwise."""
    if settings.face_engine == "simulated":
        return SimulatedFace(settings.mode)
    if settings.face_engine == "authority":
        return _authority(settings)
    if settings.face_engine == "dlib":
        return _dlib(settings, database)
    return ManualFace()


def _dlib(settings: Settings, database: Database) -> FaceVerifier:
    """With the archived photo of the register, for whoever is a driver there."""
    comparer, calibration = DlibComparer.with_models(settings.face_models), None
    if settings.face_calibration is not None and settings.face_calibration_key is not None:
        calibration = read_calibration(
            settings.face_calibration, settings.face_calibration_key, NAME, comparer.version, comparer.models
        )

    async def portrait(person_id: PersonId) -> bytes | None:
        try:
            async with database.read() as tx:
                driver_id = (await accounts.assurance(tx, person_id)).driver_id
                return await _portrait_of(tx, driver_id) if driver_id else None
        except NotFound:
            return None

    return DlibFace(comparer, portrait, calibration)


def _authority(settings: Settings) -> FaceVerifier:
    url, key, signer = (
        settings.face_authority_url,
        settings.face_authority_key,
        settings.face_authority_signer,
    )
    assert url is not None and key is not None and signer is not None, "the settings were checked"
    try:
        public, ours = PublicKey.from_spki(key.read_bytes()), SoftwareSigner.from_pkcs8(signer.read_bytes())
    except OSError as error:
        raise Unavailable(f"the keys of the face authority cannot be read: {error.strerror}") from None
    except BadKey:
        raise Invalid("LZ_FACE_AUTHORITY_KEY", "and LZ_FACE_AUTHORITY_SIGNER name keys in DER") from None
    plain = settings.mode != "production"
    return AuthorityFace(AuthorityEndpoint(url, public, settings.face_authority_s, plain), ours)


def _face_finder(settings: Settings) -> licences.FaceFinder:
    """Raises Unavailable for an engine that is not installed, and for one that only plays its part in production."""
    if settings.photo_faces == "simulated":
        return SimulatedFaces(settings.mode)
    return DlibFaces() if settings.photo_faces == "dlib" else licences.NoFaceFinder()


def _sms(settings: Settings, part: Part) -> Sms:
    """The gateway the deployment named; none, unless it said otherwise. Its key is read by the processes that send."""
    if settings.sms == "http" and part in (Part.API, Part.QUEUE):
        assert settings.sms_url is not None and settings.sms_key_file is not None, "the settings were checked"
        key = read_sms_key(settings.sms_key_file)
        return HttpSms(SmsEndpoint(settings.sms_url, key, plain=settings.mode != "production"))
    if settings.sms == "simulated":
        return SimulatedSms(settings.mode, settings.data_dir / SIMULATED_SMS)
    return NoSms()
