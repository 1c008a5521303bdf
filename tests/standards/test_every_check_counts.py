"""Take any check out of the verifier or its codecs, and the tests go red.

A verifier fails by omission: nobody misses a check until somebody forges. So every `raise`, every call made for its
effect, every condition among several and every bound of these modules is taken out or moved, one at a time
(mutants.py), and the showings of showings/ and the module's own tests must notice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import process_time

import pytest
from hypothesis import HealthCheck, settings

from liangzheng.standards.keys import Alg
from tests.standards import showings
from tests.standards.making import deployment
from tests.standards.mutants import Mutant, changed_world, comes_through, fresh, mutants_of, named_tests

Witness = Callable[[], bool]

# The tests that must notice, besides the table of showings. It stands for the test that runs it under pytest.
TESTS_OF = {
    "livecode": ("test_livecode",),
    "verdict": ("test_livecode",),
    "trust": ("test_trust",),
    "cose": ("test_cose",),
    "claims": ("test_claims",),
    "cbor": ("test_cbor",),
    "base45": ("test_base45",),
    "document": ("test_document",),
    "statuslist": ("test_statuslist",),
    "x509": ("test_x509",),
    "keys": ("test_keys",),
    "sm/curve": ("test_sm",),
    "sm/sm2": ("test_sm", "test_sm_tables"),
    "sm/tables": ("test_sm_tables",),
}
BY_THE_TABLE = frozenset({"test_a_showing_comes_to_what_it_must", "test_no_failure_holds_a_name_or_number"})

_QUEUE = "only keeps libcrypto's list of errors empty for whoever else uses it"
_NEVER = "cannot be brought about with a libcrypto that could make a key when it was loaded"
_NO_TABLES = "without tables the sums are the same, and slow"

# Changes that change nothing a test could see, each with its reason.
SAME_THING = {
    "sm/sm2.py verify: no self._library.ERR_clear_error()": _QUEUE,
    "sm/sm2.py sign: no library.ERR_clear_error()": _QUEUE,
    "sm/sm2.py _context: no library.ERR_clear_error()": _QUEUE,
    "sm/sm2.py _read_key: no library.ERR_clear_error()": _QUEUE,
    "sm/sm2.py _read_key: without key == ffi.NULL of key == ffi.NULL or place[0] - octets != len(der)": (
        "only an empty key comes so far, and then libcrypto makes no context for it"
    ),
    "sm/sm2.py sign: no raise LibraryUnavailable('libcrypto could not sign with SM2')": _NEVER,
    "sm/sm2.py _context: no raise LibraryUnavailable('libcrypto refused SM2')": _NEVER,
    "sm/tables.py _group_around: no library.ERR_clear_error()": _QUEUE,
    "sm/tables.py _point_of: no libcrypto().ERR_clear_error()": _QUEUE,
    "sm/tables.py _must: no libcrypto().ERR_clear_error()": _QUEUE,
    "sm/tables.py _rows_of: without good of good and library.EC_POINTs_make_affine(curve, len(every), "
    "ffi.new('EC_POINT *[]', every), context)": "only without memory for a point, and then the next sum fails too",
    "sm/sm2.py verify: self._checked <= VERY_OFTEN for self._checked < VERY_OFTEN": "one more is counted, of no kind of tables",
    "sm/tables.py _group_around: no raise LibraryUnavailable('libcrypto makes no tables')": _NO_TABLES,
    "sm/tables.py _group_around: without library.EC_GROUP_have_precompute_mult(group) == 1 of "
    "library.EC_GROUP_set_generator(group, _point_of(group, point), order, cofactor) == 1 and "
    "library.EC_GROUP_precompute_mult(group, context) == 1 and (library.EC_GROUP_have_precompute_mult(group) == 1)": _NO_TABLES,
    "livecode.py _take_apart: tail <= 1 for tail < 1": (
        "a code of that length would have one octet for its head, and none for a credential"
    ),
    "claims.py _read_text: 0 < length < 24 for 0 <= length < 24": "an empty text is read alike on both ways",
    "statuslist.py _place: 0 <= index <= len(self) for 0 <= index < len(self)": (
        "the octets end there, and say so with the same error"
    ),
}


@pytest.mark.parametrize("module", TESTS_OF)
def test_no_check_can_be_taken_out_unnoticed(module: str) -> None:
    with _few_examples():
        jury = Jury(module)
        mutants = list(mutants_of(module))
        assert [str(mutant) for mutant in mutants if not _is_noticed(mutant, jury)] == []
    # Nor does an engine that finds nothing to change pass for one that finds everything noticed.
    assert mutants
    assert {name for name in SAME_THING if name.startswith(f"{module}.py ")} <= set(map(_name, mutants))


def test_the_engine_finds_what_there_is_to_change() -> None:
    assert len(list(mutants_of("livecode"))) > 60
    assert {name.partition(".py ")[0] for name in SAME_THING} <= set(TESTS_OF)


class Jury:
    """What must notice a change of a module: the table of showings and the module's own tests, the quick ones first."""

    def __init__(self, module: str) -> None:
        # One algorithm will do where the other goes the same way.
        self._algs = 2 if module == "keys" else 1
        with changed_world(None):
            witnesses: list[Witness] = [
                partial(self._test_notices, test_module, name)
                for test_module in TESTS_OF[module]
                for name in named_tests(test_module)
                if name not in BY_THE_TABLE
            ]
            took: dict[Witness, float] = {}
            for witness in (_table_notices, *witnesses):
                begun = process_time()
                assert not witness(), f"the tests must pass on the module as it is: {witness}"
                took[witness] = process_time() - begun
        self._witnesses = sorted(took, key=took.__getitem__)

    def notices(self) -> bool:
        return any(witness() for witness in self._witnesses)

    def _test_notices(self, test_module: str, name: str) -> bool:
        return not comes_through(test_module, name, self._algs)


def _is_noticed(mutant: Mutant, jury: Jury) -> bool:
    if _name(mutant) in SAME_THING:
        return True
    try:
        with changed_world(mutant):
            return jury.notices()
    except Exception:
        # The changed module could not even be loaded, or no longer makes keys and certificates.
        return True


def _table_notices() -> bool:
    """Whether some showing comes to something else than it must; the codes were made by the real modules."""
    place = deployment(Alg.ES256)
    livecode = fresh("livecode")
    trusted: dict[bytes, object] = {}

    def trust_of(octets: bytes) -> object:
        if octets not in trusted:
            trusted[octets] = livecode.TrustBundle.load(octets, place.root.public_key)
        return trusted[octets]

    for number, case in enumerate(showings.CASES):
        try:
            step, outcome, _ = showings.come_of(livecode, trust_of, place, showings.made(Alg.ES256, number))
        except Exception:
            return True
        if (step, outcome) != (case.step and str(case.step), str(case.outcome)):
            return True
    return False


def _name(mutant: Mutant) -> str:
    """As `str(mutant)`, without the line, which moves."""
    return f"{mutant.module}.py {mutant.function}: {mutant.change}"


class _few_examples:
    """Hypothesis with a handful of examples: it is not what must find these faults."""

    def __enter__(self) -> None:
        self._before = settings.get_current_profile_name()
        settings.register_profile(
            "mutants",
            max_examples=5,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        settings.load_profile("mutants")

    def __exit__(self, *_: object) -> None:
        settings.load_profile(self._before)
