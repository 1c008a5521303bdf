"""Every screen of every app, as the apps' own routers list them: none is forgotten because it is new."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from liangzheng.cli.web import SOURCE

_ROUTES: Final = {
    "driver": ("src/router.ts",),
    "verify": ("src/router.ts",),
    "staff": ("src/router.ts", "src/menu.ts", "src/office/routes.ts"),
}
_PATH: Final = re.compile(r"""(?:path:\s*|^\s*)'(/[^'*]*)'(?:,|: \(\) => import)""", re.MULTILINE)
_BEFORE_LOG_IN: Final = frozenset({"/log-in", "/register", "/reset", "/stop", "/enrol"})


@dataclass(frozen=True, slots=True)
class Screen:
    """`path` behind the `#` of a face's address; one with a `:` is of something that must be there first."""

    face: str
    path: str

    @property
    def name(self) -> str:
        """For files: driver-home, staff-audit."""
        return f"{self.face}-{self.path.strip('/').replace('/', '-') or 'home'}"

    @property
    def is_before_log_in(self) -> bool:
        """Whether it is there for who is not logged in."""
        return self.path in _BEFORE_LOG_IN


def screens_of(face: str, source: Path = SOURCE) -> list[Screen]:
    """The screens of one face that can be opened by their address, in the router's order."""
    if face not in _ROUTES:
        return [Screen(face, "/")]
    return [Screen(face, path) for path in dict.fromkeys(_paths(source / face, face)) if ":" not in path]


def _paths(folder: Path, face: str) -> Iterator[str]:
    for name in _ROUTES[face]:
        file = folder / name
        if file.is_file():
            yield from _PATH.findall(file.read_text("utf-8"))


THEMES: Final = {
    "light": (),
    "dark": ("dark", "van-theme-dark"),
    "elder": ("elder",),
    "dark-elder": ("dark", "van-theme-dark", "elder"),
}
"""Name → classes of the root element, as web/shared/theme.ts sets them."""


def wear(page: object, theme: str) -> None:
    """Has an open page look like that theme, without a reload."""
    names = sorted({name for classes in THEMES.values() for name in classes})
    worn = [name in THEMES[theme] for name in names]
    page.evaluate(  # type: ignore[attr-defined]
        "(all) => { for (const [name, on] of all) document.documentElement.classList.toggle(name, on) }",
        [list(pair) for pair in zip(names, worn, strict=True)],
    )
