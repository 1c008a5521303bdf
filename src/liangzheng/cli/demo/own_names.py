"""`./lz demo --tls DOMAIN`: the web apps once more, over TLS under names of their own, for other machines than this one.

A phone takes no camera, service worker or key store from a page without TLS, but on `localhost`, which is itself. So the
demonstration makes a certificate for driver.DOMAIN, verify.DOMAIN, … and an authority that signed it, for the phone to trust.
The authority's key is thrown away with that one signature, and its names are confined to DOMAIN: whoever copies the folder
cannot speak for any other site to a phone that trusts it.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.stage import Stage, demand_free
from liangzheng.infra.setting_words import FACES
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid

LIVES: Final = timedelta(days=90)
_LEFT: Final = timedelta(days=7)
_READY_WITHIN_S: Final = 90.0
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104  it is for the phones around
_DOMAIN: Final = re.compile(r"(?=.{1,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


class OwnNames:
    """The web apps under one domain, on a port of this machine's every address."""

    def __init__(self, settings: Settings, domain: str, port: int) -> None:
        """Raises Invalid for what is no domain, Unavailable for a port that is taken."""
        domain = domain.lower().rstrip(".")
        if not _DOMAIN.fullmatch(domain) or domain.endswith(".localhost"):
            raise Invalid(
                "--tls", "is a domain such as lz.home.arpa, under which the phone finds driver.… and verify.…"
            )
        demand_free(EVERYWHERE, port)
        self._given = settings.tls_cert and (settings.tls_cert, settings.tls_key or settings.tls_cert)
        self._folder = settings.data_dir / "demo" / "tls"
        self._port = port
        self.hosts = {name: f"{name}.{domain}" for name in FACES}
        self.domain = domain

    @property
    def authority(self) -> Path | None:
        """What a phone is to trust; None: the certificate is the operator's own."""
        return None if self._given else _authority(self._folder, self.domain)

    def address(self, face: str) -> str:
        """Of a web app."""
        return f"https://{self.hosts[face]}" + ("" if self._port == 443 else f":{self._port}") + "/"

    def start(self, stage: Stage) -> None:
        """One more API process, which speaks TLS and answers these names alone."""
        cert, key = self._given or certificate(self._folder, self.domain, datetime.now(UTC))
        stage.processes.start(
            "tls", "serve", "--host", EVERYWHERE, "--port", str(self._port),
            LZ_TLS_CERT=str(cert), LZ_TLS_KEY=str(key), LZ_HOSTS=",".join(self.hosts.values()),
            LZ_FACES=",".join(f"{name}={host}" for name, host in self.hosts.items()),
        )  # fmt: skip

    async def answer(self, stage: Stage) -> str:
        """Every app is answered over TLS under its name, once the process is ready, and no other name is."""
        self.start(stage)
        for _ in range(int(_READY_WITHIN_S / 0.1)):
            if stage.watching.done():
                break
            with suppress(ConnectionError, TimeoutError):
                await asyncio.to_thread(self._ask, "/api/open/deployment", self.hosts["driver"])
                break
            await asyncio.sleep(0.1)
        for name, host in self.hosts.items():
            status, page = await asyncio.to_thread(self._ask, "/", host)
            hold(status == 200 and b'<div id="app">' in page, f"{host} answers with the app '{name}'")
        status, _ = await asyncio.to_thread(self._ask, "/", self.domain)
        hold(status == 421, f"another name is refused, and not answered {status}")
        trusted = (
            "your own certificate" if self.authority is None else f"a phone is to trust {self.authority}"
        )
        return f"{', '.join(self.hosts.values())} on port {self._port}, TLS: {trusted}"

    def _ask(self, path: str, host: str) -> tuple[int, bytes]:
        context = ssl.create_default_context(cafile=self.authority)
        if self._given:  # whom it is trusted by is the operator's matter
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        there = http.client.HTTPConnection(host, self._port)
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=_READY_WITHIN_S)
        with context.wrap_socket(plain, server_hostname=self.hosts["driver"]) as there.sock:
            there.request("GET", path)
            answer = there.getresponse()
            return answer.status, answer.read()


def certificate(folder: Path, domain: str, now: datetime) -> tuple[Path, Path]:
    """Certificate chain and key for the web apps under `domain`, the authority's beside them; those that are there already when
    they are good for a week more, so that a phone trusts them once."""
    chain, key, trusted = folder / f"{domain}.pem", folder / f"{domain}.key", _authority(folder, domain)
    if trusted.exists() and _is_good(chain, key, now + _LEFT):
        return chain, key
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority_key, own_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority_name = _name(f"LiangZheng demonstration, {domain} alone")
    around = (now - timedelta(hours=1), now + LIVES)
    authority = (
        _begun(authority_name, authority_name, authority_key.public_key(), *around)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints([x509.DNSName(domain)], None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    own = (
        _begun(_name(f"driver.{domain}"), authority_name, own_key.public_key(), *around)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(f"{name}.{domain}") for name in FACES]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = own_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(key, secret, 0o600)
    _write(trusted, authority.public_bytes(pem), 0o644)
    _write(chain, own.public_bytes(pem) + authority.public_bytes(pem), 0o644)
    return chain, key


def _authority(folder: Path, domain: str) -> Path:
    return folder / f"{domain}-authority.crt"


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return made.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=False, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _is_good(chain: Path, key: Path, until: datetime) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key)
        own = x509.load_pem_x509_certificate(chain.read_bytes())
        return own.not_valid_after_utc > until
    except (OSError, ValueError):
        return False


def _write(path: Path, octets: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(octets)
