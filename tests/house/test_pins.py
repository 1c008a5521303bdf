"""The pinned requirements: complete, with hashes, without addresses, and one set inside the other."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)([^\\]*)\\?$", re.MULTILINE)
FILES = ("requirements.txt", "requirements-dev.txt")


def pins(file: str) -> dict[str, tuple[str, str]]:
    return {name: (version, rest.strip()) for name, version, rest in PIN.findall((ROOT / file).read_text())}


@pytest.mark.parametrize("file", FILES)
def test_every_package_is_pinned_with_hashes_and_no_address(file: str) -> None:
    text = (ROOT / file).read_text()
    assert len(pins(file)) >= 20
    for block in re.split(r"\n(?=[a-z0-9])", text.strip()):
        assert PIN.match(block), block.splitlines()[0]
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index|--extra|--find|#)", text, re.MULTILINE)


def test_what_tests_need_includes_what_running_needs_at_the_same_versions() -> None:
    # The launcher relies on it: the environment of the tests is good for everything.
    running, testing = (pins(file) for file in FILES)
    assert running.items() <= testing.items()


@pytest.mark.parametrize("file", FILES)
def test_everything_asked_for_is_pinned(file: str) -> None:
    asked = (ROOT / file.replace(".txt", ".in")).read_text()
    for name in re.findall(r"^([a-z][a-z0-9-]*)", asked, re.MULTILINE):
        assert name in pins(file), name


def test_no_dependency_has_a_licence_that_binds_the_operator() -> None:
    # AGPL and non-commercial licences are refused. The metadata of what is installed is what we can read.
    program = (
        "from importlib.metadata import distributions\n"
        "for d in distributions():\n"
        "    m = d.metadata\n"
        "    print(d.name, '|', m.get('License-Expression') or '', '|', (m.get('License') or '')[:200].split('\\n')[0],"
        " '|', ';'.join(v for k, v in m.items() if k == 'Classifier' and 'License' in v))\n"
    )
    listed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    wanted = set(pins("requirements.txt"))
    lines = [line for line in listed.splitlines() if line.split(" |")[0].lower().replace("_", "-") in wanted]
    assert len(lines) >= 20
    assert [line for line in lines if re.search(r"AGPL|Affero|non-?commercial", line, re.IGNORECASE)] == []
