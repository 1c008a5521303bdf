"""The curve of SM2 (GB/T 32918.5 §2) and the one form of public key that is read.

Only public values pass through this file, so plain integers will do.
"""

from __future__ import annotations

from typing import Final

from liangzheng.standards.errors import BadKey

P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A: Final = P - 3
B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
G: Final = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
N: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123

# SubjectPublicKeyInfo of an SM2 key up to its 64 octets x‖y: id-ecPublicKey, curve 1.2.156.10197.1.301,
# bit string, 04 for "uncompressed".
SM2_SPKI_PREFIX: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")


def decompress(compressed: bytes) -> tuple[int, int]:
    """(x, y) of a compressed point, 33 octets beginning with 02 or 03 (SEC 1 §2.3.4).

    For an x of no point y is a number that fits nothing: libcrypto asks whether a key is on its curve.
    """
    if len(compressed) != 33 or compressed[0] not in (2, 3):
        raise BadKey("not a compressed point")
    x = int.from_bytes(compressed[1:], "big")
    y = pow(x * x * x + A * x + B, (P + 1) // 4, P)
    return x, y if y & 1 == compressed[0] & 1 else P - y
