"""SM2 signatures and the SM3 hash (GB/T 32918, GB/T 32905), done by the system's libcrypto, never in
Python."""

from liangzheng.standards.sm.curve import SM2_SPKI_PREFIX, decompress
from liangzheng.standards.sm.hash import sm3
from liangzheng.standards.sm.sm2 import PrivateKey, PublicKey, generate

__all__ = ["SM2_SPKI_PREFIX", "PrivateKey", "PublicKey", "decompress", "generate", "sm3"]
