"""The certificate of `./lz demo --tls`: good for the web apps of one domain, and of no use for anything else."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from typer.testing import CliRunner

from liangzheng.cli.demo import app
from liangzheng.cli.demo.own_names import LIVES, OwnNames, certificate
from liangzheng.cli.demo.stage import free_port
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid, Unavailable

NOW = datetime.now(UTC)


def greeted(chain: Path, key: Path, authority: Path, name: str) -> str | None:
    """What a client that trusts the authority says of that certificate under this name; None: nothing against it."""
    ours, theirs = socket.socketpair()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)

    def serve() -> None:
        try:
            with server.wrap_socket(ours, server_side=True):
                pass
        except OSError:
            ours.close()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        with ssl.create_default_context(cafile=authority).wrap_socket(theirs, server_hostname=name):
            return None
    except ssl.SSLCertVerificationError as refusal:
        return refusal.verify_message
    finally:
        theirs.close()
        serving.join()


def test_who_trusts_the_authority_takes_the_certificate_for_the_web_apps_alone(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path, "lz.test", NOW)
    authority = tmp_path / "lz.test-authority.crt"
    for name in ("driver", "verify", "staff", "open"):
        assert greeted(chain, key, authority, f"{name}.lz.test") is None
    for name in ("lz.test", "phone.lz.test", "driver.lz.test.example"):
        assert "mismatch" in str(greeted(chain, key, authority, name))


def test_the_authority_vouches_for_its_domain_only_and_can_sign_nothing_more(tmp_path: Path) -> None:
    certificate(tmp_path, "lz.test", NOW)
    authority = x509.load_pem_x509_certificate((tmp_path / "lz.test-authority.crt").read_bytes())
    confined = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert confined.critical
    assert confined.value.permitted_subtrees == [x509.DNSName("lz.test")]
    assert authority.not_valid_after_utc <= NOW + LIVES
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["lz.test-authority.crt", "lz.test.key", "lz.test.pem"]
    own = x509.load_pem_x509_certificate((tmp_path / "lz.test.pem").read_bytes())
    own.verify_directly_issued_by(authority)
    assert own.public_key() != authority.public_key()  # and of that one's key there is none
    assert stat.S_IMODE((tmp_path / "lz.test.key").stat().st_mode) == 0o600


def test_it_is_made_once_and_anew_before_it_ends_or_when_a_part_is_lost(tmp_path: Path) -> None:
    def made(now: datetime, domain: str = "lz.test") -> bytes:
        return certificate(tmp_path, domain, now)[0].read_bytes()

    first = made(NOW)
    assert made(NOW + timedelta(days=80)) == first
    second = made(NOW + timedelta(days=84))
    assert second != first
    other = made(NOW, "other.test")
    assert made(NOW + timedelta(days=84)) == second
    assert made(NOW, "other.test") == other
    for lost in ("lz.test.key", "lz.test-authority.crt"):
        (tmp_path / lost).unlink()
        third = made(NOW + timedelta(days=84))
        assert third != second
        second = third
    (tmp_path / "lz.test.pem").write_text("nonsense")
    assert made(NOW) != second


@pytest.mark.parametrize(
    "domain", ["", "lz", "driver.localhost", "https://lz.test", "lz.test:8443", "*.lz.test", "192.0.2.1"]
)
def test_what_is_no_domain_is_refused(settings: Settings, domain: str) -> None:
    with pytest.raises(Invalid, match="is a domain"):
        OwnNames(settings, domain, free_port("127.0.0.1"))


def test_its_addresses_and_a_certificate_of_ones_own(settings: Settings) -> None:
    port = free_port("127.0.0.1")
    own = OwnNames(settings, "LZ.home.arpa.", port)
    assert own.address("driver") == f"https://driver.lz.home.arpa:{port}/"
    assert own.authority is not None
    given = OwnNames(replace(settings, tls_cert=Path("/tls/chain.pem")), "lz.home.arpa", port)
    assert given.authority is None, "nothing for a phone to trust"
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        with pytest.raises(Unavailable, match="cannot be used"):
            OwnNames(settings, "lz.home.arpa", taken.getsockname()[1])


def test_a_story_that_leaves_nothing_running_is_not_shown_to_phones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LZ_DATA_DIR", str(tmp_path / "lz"))
    done = CliRunner().invoke(app, ["--once", "--tls", "lz.home.arpa"])
    assert isinstance(done.exception, Invalid)
    assert not (tmp_path / "lz").exists()
