"""A register source of the tests, and what it signs."""

from __future__ import annotations

from dataclasses import dataclass, field

from liangzheng import drivers
from liangzheng.kernel.ids import SourceId
from liangzheng.standards.keys import SoftwareSigner
from tests.licences.holders import Deployment


@dataclass
class Feed:
    """A register source with its key."""

    place: Deployment
    source_id: SourceId
    signer: SoftwareSigner
    headers: dict[str, str] = field(init=False)
    """Over no body: it asks where the feed stands. `Cast.call` signs the bodies there are."""

    def __post_init__(self) -> None:
        self.headers = self.signed(b"")

    def signed(self, body: bytes) -> dict[str, str]:
        return {"Authorization": f"Source {drivers.prove(self.source_id, self.signer, body)}"}

    async def done_to(self) -> int:
        """The last number that is done."""
        query = "SELECT done_to FROM register_source WHERE source_id = $1"
        async with self.place.world.database.read() as tx:
            return int(await tx.fetchval(query, self.source_id.uuid))
