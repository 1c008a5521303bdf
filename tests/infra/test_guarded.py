"""A child that answers, dies, stalls or says too much: the parent goes on, and nothing gets out of the child."""

from __future__ import annotations

import os
import signal
import socket
import time

import psutil
import pytest

from liangzheng.infra import guarded
from liangzheng.infra.guarded import Guarded

MODULE = "tests.infra.test_guarded"
CPU_SECONDS = 1


def main() -> None:
    """The child of these tests."""
    guarded.serve(answer, b"warm", cpu_seconds=CPU_SECONDS)


def answer(question: bytes) -> bytes:
    match question:
        case b"die":
            os._exit(3)
        case b"stall":
            time.sleep(3600)
        case b"burn":
            while True:
                pass
        case b"eat":
            return str(len(bytearray(1024 * 1024 * 1024))).encode()
        case b"open":
            with open("/etc/hostname", "rb") as file:
                return file.read()
        case b"write":
            os.write(2, b"x")
            with open("/tmp/written", "wb") as file:
                return str(file.write(b"x")).encode()
        case b"call":
            with socket.socket() as way_out:
                way_out.connect(("127.0.0.1", 1))
            return b"out"
        case b"fork":
            return str(os.fork()).encode()
        case b"flood":
            return bytes(guarded.LARGEST_ANSWER + 1)
        case _:
            pass
    return question[::-1]


@pytest.fixture
def child() -> Guarded:
    return Guarded(MODULE, within_s=60)


def test_questions_are_answered_one_after_the_other_however_long(child: Guarded) -> None:
    with child:
        assert child.ask(b"abc") == b"cba"
        assert child.ask(b"") == b""
        long = os.urandom(1 << 20)
        assert child.ask(long) == long[::-1]


@pytest.mark.parametrize("question", [b"die", b"eat", b"open", b"write", b"call", b"flood"])
def test_whatever_a_child_does_the_next_question_is_answered(child: Guarded, question: bytes) -> None:
    with child:
        assert child.ask(b"abc") == b"cba"
        assert child.ask(question) is None
        assert child.ask(b"abc") == b"cba"


def test_a_child_that_died_between_two_questions_is_no_fault_of_the_next(child: Guarded) -> None:
    with child:
        assert child.ask(b"abc") == b"cba"
        running = psutil.Process(child._running().pid)
        running.kill()
        while running.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert child.ask(b"abc") == b"cba"


def test_time_of_the_processor_is_granted_question_by_question_and_ends_who_burns_it(child: Guarded) -> None:
    with child:
        running = child._running()
        granted = []
        for _ in range(10):
            child.ask(b"abc")
            granted.append(psutil.Process(running.pid).rlimit(psutil.RLIMIT_CPU)[0])
        assert max(granted) <= sum(psutil.Process(running.pid).cpu_times()[:2]) + 1 + CPU_SECONDS
        assert child.ask(b"burn") is None
        assert running.returncode == -signal.SIGXCPU


def test_a_child_is_held_to_every_limit(child: Guarded) -> None:
    with child:
        child.ask(b"abc")
        running = psutil.Process(child._running().pid)
        assert {limit: running.rlimit(limit)[1] for limit in guarded.LIMITS} == guarded.LIMITS
        assert running.rlimit(psutil.RLIMIT_AS)[1] == guarded.MEMORY


@pytest.mark.skipif(os.geteuid() == 0, reason="the limit of processes does not hold for root")
def test_a_child_has_no_children(child: Guarded) -> None:
    with child:
        assert child.ask(b"fork") is None


def test_a_child_that_stalls_is_not_waited_for() -> None:
    with Guarded(MODULE, within_s=60) as child:
        assert child.ask(b"abc") == b"cba"
        child._within_s = 0.2
        assert child.ask(b"stall") is None


def test_after_the_block_no_process_is_left(child: Guarded) -> None:
    with child:
        child.ask(b"abc")
        assert child._child is not None
        pid = child._child.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
