"""Register files that were released: one at a time, beside everything else a worker does, because one may take hours."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from liangzheng import drivers
from liangzheng.wiring import Wiring

_log = logging.getLogger(__name__)


def imports_batch(wiring: Wiring) -> Callable[[], Awaitable[bool]]:
    """A batch: the oldest released file imported; whether there was one."""
    settings = wiring.settings
    photos = drivers.PhotoRules(
        least_octets=settings.photo_least_octets, most_octets=settings.photo_most_octets
    )

    async def batch() -> bool:
        done = await drivers.import_next_upload(
            wiring.database, wiring.key_index, settings.data_dir / "register-uploads", wiring.clock,
            drivers.ImportOptions(photos=photos),
        )  # fmt: skip
        if done is None:
            return False
        _log.info("register file imported", extra={"import_id": str(done.id), "act": done.state.value})
        return True

    return batch
