"""`./lz` on a machine that has never seen it: prepares once, whoever starts at once, wherever it stands."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ECHO = """
import os, sys
print(*sys.argv[1:], sep="|")
print("亮证")
if sys.argv[1:2] == ["fail"]:
    raise SystemExit(7)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a path with spaces: the launcher as it is, over a package that only echoes, needing nothing."""
    place = tmp_path / "my checkout, 亮证"
    (place / "src" / "liangzheng").mkdir(parents=True)
    (place / "src" / "liangzheng" / "__init__.py").touch()
    (place / "src" / "liangzheng" / "__main__.py").write_text(ECHO, encoding="utf-8")
    (place / "requirements.txt").write_text("# nothing\n")
    (place / "requirements-dev.txt").write_text("# nothing\n")
    shutil.copy2(ROOT / "lz", place / "lz")
    return place


def _environment(**more: str) -> dict[str, str]:
    # An index that does not answer: whoever asks the network fails.
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
        "PIP_CONFIG_FILE": "/dev/null",
        "UV_INDEX_URL": "http://127.0.0.1:1/simple",
        "LC_ALL": "C",
        **more,
    }


def _lz(checkout: Path, *words: str, lz: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(lz or checkout / "lz"), *words],
        capture_output=True,
        encoding="utf-8",
        cwd="/",
        env=_environment(**more),
        timeout=240,
        check=False,
    )


def test_the_first_start_prepares_and_later_ones_go_straight_on(checkout: Path, tmp_path: Path) -> None:
    first = _lz(checkout, "greet", "two words")
    assert first.stdout == "greet|two words\n亮证\n", first.stderr
    assert "preparing" in first.stderr
    again = _lz(checkout, "greet")
    assert (again.stdout, again.stderr) == ("greet\n亮证\n", "")

    elsewhere = tmp_path / "bin"
    elsewhere.mkdir()
    (elsewhere / "lz").symlink_to(os.path.relpath(checkout / "lz", elsewhere))
    through_a_link = _lz(checkout, "greet", lz=elsewhere / "lz")
    assert (through_a_link.stdout, through_a_link.stderr) == ("greet\n亮证\n", "")

    failing = _lz(checkout, "fail")
    assert failing.returncode == 7

    moved = checkout.rename(tmp_path / "moved")
    after_the_move = _lz(moved, "greet")
    assert (after_the_move.stdout, after_the_move.stderr) == ("greet\n亮证\n", "")

    with (moved / "requirements.txt").open("a") as pins:
        pins.write("# a change\n")
    after_a_change = _lz(moved, "greet")
    assert "preparing" in after_a_change.stderr
    assert _lz(moved, "greet").stderr == ""


def test_help_needs_none_of_the_tools_of_the_builders(checkout: Path) -> None:
    (checkout / "requirements-dev.txt").write_text(
        "nothing-of-that-name==1.0 --hash=sha256:" + "0" * 64 + "\n"
    )
    for words, passed_on in (("bench", "bench|--help"), ("test", "--help"), ("lint", "--help")):
        asked = _lz(checkout, words, "--help")
        assert asked.stdout == f"{passed_on}\n亮证\n", asked.stderr
    assert not (checkout / ".venv" / ".lz-requirements-dev").exists()
    assert _lz(checkout, "bench", PIP_RETRIES="0", UV_HTTP_TIMEOUT="1").returncode == 1, (
        "it does need them to measure"
    )


def test_first_starts_at_once_prepare_once_and_all_go_on(checkout: Path) -> None:
    starts = [
        subprocess.Popen(
            [str(checkout / "lz"), "greet", str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=_environment(),
        )
        for number in range(3)
    ]
    said = [start.communicate(timeout=240) for start in starts]
    assert [out for out, _ in said] == [f"greet|{number}\n亮证\n" for number in range(3)]
    assert sum("preparing" in err and "another" not in err for _, err in said) == 1


def test_a_first_start_that_was_killed_does_not_stop_the_next(checkout: Path) -> None:
    killed = subprocess.Popen(
        [str(checkout / "lz"), "greet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,
    )
    while not (checkout / ".venv" / "pyvenv.cfg").exists():
        assert killed.poll() is None
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (checkout / ".venv" / ".lz-requirements").exists(), "killed while still preparing"
    assert _lz(checkout, "greet").stdout == "greet\n亮证\n"


def test_pins_that_cannot_be_had_stop_the_start_and_leave_no_stamp(checkout: Path) -> None:
    (checkout / "requirements.txt").write_text("nothing-of-that-name==1.0 --hash=sha256:" + "0" * 64 + "\n")
    failed = _lz(checkout, "greet", PIP_RETRIES="0", UV_HTTP_TIMEOUT="1")
    assert failed.returncode == 1
    assert "the pinned packages could not be installed" in failed.stderr
    assert failed.stdout == ""
    assert not (checkout / ".venv" / ".lz-requirements").exists()


def test_a_directory_that_is_no_environment_is_left_alone(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "thesis.txt").write_text("years of work")
    refused = _lz(checkout, "greet")
    assert refused.returncode == 1
    assert "is not a Python environment" in refused.stderr
    assert (checkout / ".venv" / "thesis.txt").read_text() == "years of work"


def test_without_any_python_it_says_what_is_needed(checkout: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "readlink", "cat", "cksum", "ls", "id", "flock", "mktemp", "rm", "tail"):
        found = shutil.which(name)
        assert found, name
        (tools / name).symlink_to(found)
    refused = _lz(checkout, "greet", PATH=str(tools))
    assert refused.returncode == 1
    assert "apt-get install -y --no-install-recommends python3 python3-venv" in refused.stderr
    assert "Python 3.11 or newer is needed" in refused.stderr


def test_where_venv_is_missing_root_installs_it_and_says_so(checkout: Path, tmp_path: Path) -> None:
    # Stand-ins for Debian's python3 without python3-venv, for apt-get, and for being root.
    tools = tmp_path / "tools"
    tools.mkdir()
    real = shutil.which("python3")
    (tools / "python3").write_text(
        f'#!/bin/sh\ncase "$*" in *ensurepip*) [ -e {tmp_path}/installed ] || exit 1 ;; esac\nexec {real} "$@"\n'
    )
    (tools / "apt-get").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\ntouch {tmp_path}/installed\n')
    (tools / "id").write_text("#!/bin/sh\necho 0\n")
    (tools / "uv").write_text("#!/bin/sh\nexit 1\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    answer = _lz(checkout, "greet", PATH=f"{tools}:{os.environ['PATH']}", PYTHON="")
    assert answer.stdout == "greet\n亮证\n", answer.stderr
    assert "running: apt-get install -y --no-install-recommends python3-venv" in answer.stderr
    assert (tmp_path / "asked").read_text() == "install -y --no-install-recommends python3-venv\n"


def test_the_file_ci_runs_is_the_readmes_test_command() -> None:
    ci = (ROOT / ".ci" / "run").read_text()
    assert ci.splitlines()[-1].split(" <")[0] == "exec ./lz test"
    assert "./lz test" in (ROOT / "README.md").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert os.access(ROOT / "lz", os.X_OK)
