"""A driver with rare characters in the name: the licence brings their pictures, and nobody else's come in their place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from io import BytesIO

from liangzheng import rollout
from liangzheng.cli.demo.held import hold
from liangzheng.cli.demo.stage import Stage
from liangzheng.cli.demo.story import Story, unb64
from liangzheng.infra.fonts import Fonts
from liangzheng.kernel.ideographs import rare
from liangzheng.licences import wanted_in
from liangzheng.standards import cbor
from liangzheng.standards.errors import BadSignature
from liangzheng.standards.livecode import open_document


async def steps(
    stage: Stage, wave: rollout.Wave, token: str
) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
    """Title and act of the one step."""
    return [("rare characters", RareName(stage, await stage.rarely_named(wave), token).drawn)]


class RareName(Story):
    """The story of a licence as far as the name on it is looked at."""

    async def drawn(self) -> str:
        """The document carries a font with exactly the rare characters, signed; another font in its place is refused; whoever
        verifies is sent the same."""
        await self.account()
        await self.bind()
        held_before = (await self._get(self._holder, "/holder/licence")).status == 200
        await self.apply()
        await self.issued()
        trust, _ = self._stage.make_keys()
        file = unb64((await self._get(self._holder, "/holder/licence")).expect(200)["file"])
        opened = open_document(file, trust)
        points = " ".join(f"U+{ord(character):04X}" for character in rare(opened.claims.name))
        able = await asyncio.to_thread(self._able, opened.claims.name + opened.claims.resident_address)
        verdict = await self._verify(self._phone.show(datetime.now(UTC)))
        hold(
            verdict["holder"]["name"] == self._actor.name,
            "the verifier hears the name as the register has it",
        )
        if opened.font is None:
            hold(not able or held_before, "what a font file has travels with the licence")
            hold(verdict["font"] is None, "nor is the verifier sent one")
            return f"{opened.claims.name}: no font file here has {points}; code points are shown (./lz fonts)"
        has = _characters_of(opened.font)
        hold(has == able or held_before, f"a picture of each rare character and of no other, and not {has}")
        document, portrait, font = cbor.decode(file)
        for other in (font[:-1] + bytes((font[-1] ^ 1,)), None):
            try:
                open_document(cbor.encode([document, portrait, other]), trust)
                hold(False, "another font is not taken")
            except BadSignature:
                continue
        hold(unb64(verdict["font"]) == opened.font, "the verifier is sent the same font")
        return (
            f"{opened.claims.name} ({points}): a font of {len(opened.font)} octets with {len(has)} characters, signed; another "
            "in its place, or none, is refused; the verifier is sent it too"
        )

    def _able(self, text: str) -> set[str]:
        fonts = Fonts.named(self._stage.settings.fonts)
        return {character for character, stands in wanted_in(text).items() if fonts.who_draws(stands)}


def _characters_of(font: bytes) -> set[str]:
    from fontTools.ttLib import TTFont

    return set(map(chr, TTFont(BytesIO(font)).getBestCmap()))
