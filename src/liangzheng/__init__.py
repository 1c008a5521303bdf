"""LiangZheng (亮证): an open platform for electronic driving licences."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liangzheng.offline import Memory, OfflineAnswer, Outcome, TrustBundle, verify_offline

__version__ = "0.1.0"
__all__ = ["Memory", "OfflineAnswer", "Outcome", "TrustBundle", "verify_offline"]


def __getattr__(name: str) -> Any:
    """The public API (offline.py), loaded when it is asked for: commands that do not verify need not wait
    for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from liangzheng import offline

    return getattr(offline, name)
