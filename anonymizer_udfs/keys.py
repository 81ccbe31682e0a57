"""The keys of a lake and everything that is derived from them: ids, digests and noise.

Everything is HMAC-SHA256 (RFC 2104) under a subkey for its purpose, so that an id says nothing of the noise and the
other way round. The noise may have a key of its own, so that either can be destroyed alone.
"""

import hashlib
import hmac
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from anonymizer_udfs.errors import SpecError

KEY_BYTES = 32
_ID_HEX = 32
_MAC_BITS = 256


@dataclass(frozen=True)
class Key:
    """32 secret bytes; never shown by ``repr``.

    Runs on the driver and, as part of the spec, on executors.

    Attributes:
        secret: what ids and digests are derived from, and the noise where it has no key of its own.
        noise: what the noise is derived from; none: ``secret``.
    """

    secret: bytes = field(repr=False)
    noise: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a key of another length."""
        for one in (self.secret, self.noise):
            if one is not None and len(one) != KEY_BYTES:
                raise SpecError(f"a key is {KEY_BYTES} bytes, got {len(one)}; to make one: openssl rand -base64 32")

    def _mac(self, purpose: str, *parts: bytes) -> bytes:
        return _mac(self.secret, purpose, *parts)

    @property
    def key_id(self) -> str:
        """16 hex digits that tell keys apart and say nothing of the key."""
        return self._mac("key-id").hex()[:16]

    @property
    def noise_key_id(self) -> str | None:
        """The same of the noise's own key; none where it has none."""
        return None if self.noise is None else Key(self.noise).key_id

    def derived(self, purpose: str) -> "Key":
        """Return another key, for one purpose: whoever has it knows nothing of this one. Its noise is its own, too."""
        return Key(self._mac("derived-key", purpose.encode()))

    def image_id(self, uri: str) -> str:
        """Return the image's id: 32 hex digits from its canonical source URI."""
        return self._mac("image-id", uri.encode()).hex()[:_ID_HEX]

    def source_id(self, uri: str) -> str:
        """Return the keyed id of a whole source (a folder, a bucket, an archive)."""
        return self._mac("source-id", uri.encode()).hex()[:_ID_HEX]

    def mapping_id(self, text: str) -> str:
        """Return the keyed id of which patterns have which policies: nobody without the key confirms a guess."""
        return self._mac("mapping-id", text.encode()).hex()[:_ID_HEX]

    def content_version(self, size_bytes: int, modified_us: int, etag: str) -> str:
        """Return the keyed version of what a listing says of an image."""
        text = f"{size_bytes}|{modified_us}|{etag}".encode()
        return self._mac("content-version", text).hex()[:_ID_HEX]

    def source_digest(self, content: bytes) -> str:
        """Return the keyed digest of the source's bytes: a candidate file cannot be confirmed without the key."""
        return self._mac("source-digest", hashlib.sha256(content).digest()).hex()

    def suppressed(self, kind: str, word: str) -> str:
        """Return what a suppression list holds in place of an id or a digest: 32 hex digits.

        Neither can be searched for there, and whoever has the list alone learns nothing of what was erased.

        Args:
            kind: ``image`` for an image's id, ``content`` for a source's digest.
            word: the id or digest.
        """
        return self._mac("suppressed", kind.encode(), word.encode()).hex()[:_ID_HEX]

    def generator(self, image_id: str, purpose: str, index: int) -> np.random.Generator:
        """Return the noise of one region of one image: the same for the same key, whatever the batch or the order."""
        secret = self.secret if self.noise is None else self.noise
        seed = _mac(secret, "noise", image_id.encode(), purpose.encode(), str(index).encode())
        return np.random.Generator(np.random.Philox(int.from_bytes(seed, "big") % 2**128))

    def signs(self, purpose: str, shape: tuple[int, ...]) -> NDArray[np.int8]:
        """Return random signs, -1 and 1, of a shape: the same for the same key and purpose.

        Taken from the bits of HMACs, so that no library's way of drawing numbers changes them.
        """
        count = math.prod(shape)
        blocks = (self._mac(purpose, i.to_bytes(8, "big")) for i in range(-(-count // _MAC_BITS)))
        bits = np.unpackbits(np.frombuffer(b"".join(blocks), np.uint8))[:count]
        return (bits.astype(np.int8) * 2 - 1).reshape(shape)


def _mac(secret: bytes, purpose: str, *parts: bytes) -> bytes:
    sub = hmac.digest(secret, b"faceveil/1/" + purpose.encode(), "sha256")
    text = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.digest(sub, text, "sha256")
