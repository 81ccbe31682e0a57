"""Keys: ids that say nothing without the key, and everything derived is apart from everything else."""

import hashlib
import hmac
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.keys import KEY_BYTES, Key

KEY, OTHER = Key(bytes(32)), Key(bytes([1]) + bytes(31))
TEXT = st.text(max_size=20)


@pytest.mark.parametrize("size", [0, 16, KEY_BYTES - 1, KEY_BYTES + 1])
def test_a_key_of_another_length_is_refused(size: int) -> None:
    """Not padded, not cut; the message has the length and none of the bytes."""
    with pytest.raises(SpecError, match=f"got {size}") as caught:
        Key(b"\xab" * size)
    assert "ab" * 8 not in str(caught.value)


def test_a_key_is_never_shown() -> None:
    """Neither by repr nor by str."""
    secret = b"sixteen letters!" * 2
    assert "sixteen" not in f"{Key(secret)!r}{Key(secret)}"


def test_the_id_is_the_documented_mac() -> None:
    """HMAC-SHA256 under a subkey for its purpose, each part with its length: anyone with the key can compute it."""
    uri = "file:///a/b.jpg"
    sub = hmac.digest(bytes(32), b"faceveil/1/image-id", "sha256")
    mac = hmac.new(sub, len(uri).to_bytes(8, "big") + uri.encode(), hashlib.sha256).hexdigest()
    assert KEY.image_id(uri) == mac[:32]


@given(TEXT)
def test_ids_are_hexadecimal_of_fixed_length_and_repeatable(uri: str) -> None:
    """Whatever the name, its id has 32 hex digits, the same each time and in another process."""
    found = KEY.image_id(uri)
    assert len(found) == 32
    assert set(found) <= set("0123456789abcdef")
    assert pickle.loads(pickle.dumps(KEY)).image_id(uri) == found  # noqa: S301 - our own bytes


@given(TEXT)
def test_another_key_gives_another_id(uri: str) -> None:
    """Without the key nobody can tell whose id it is."""
    assert KEY.image_id(uri) != OTHER.image_id(uri)
    assert KEY.source_digest(uri.encode()) != OTHER.source_digest(uri.encode())
    assert KEY.key_id != OTHER.key_id


@given(TEXT)
def test_purposes_are_apart(text: str) -> None:
    """An image, a source and a content of the same text have nothing in common, and none is a plain hash."""
    derived = {
        KEY.image_id(text),
        KEY.source_id(text),
        KEY.source_digest(text.encode())[:32],
        hashlib.sha256(text.encode()).hexdigest()[:32],
    }
    assert len(derived) == 4


@given(st.lists(st.tuples(st.integers(-1, 99), st.integers(0, 99), st.text("|0123456789", max_size=4)), unique=True))
def test_what_differs_in_a_listing_differs_in_its_version(listed: list[tuple[int, int, str]]) -> None:
    """Size, time and etag cannot stand in for each other, even where an etag holds the separator."""
    assert len({KEY.content_version(*said) for said in listed}) == len(listed)


def test_noise_is_the_same_for_the_same_key_and_region() -> None:
    """Independent of order, batch and process."""
    first = KEY.generator("id", "pixelate", 0).normal(size=8)
    assert np.array_equal(first, pickle.loads(pickle.dumps(KEY)).generator("id", "pixelate", 0).normal(size=8))  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("key", "image_id", "purpose", "index"),
    [
        pytest.param(OTHER, "id", "p", 1, id="key"),
        pytest.param(KEY, "ie", "p", 1, id="image"),
        pytest.param(KEY, "id", "q", 1, id="purpose"),
        pytest.param(KEY, "id", "p", 2, id="region"),
        pytest.param(KEY, "i", "dp", 1, id="parts-moved"),
    ],
)
def test_noise_differs_between_regions(key: Key, image_id: str, purpose: str, index: int) -> None:
    """Two regions never share their noise: subtracting one from the other must not bring a face back."""
    mine = KEY.generator("id", "p", 1).integers(0, 2**63, 8)
    assert not np.array_equal(mine, key.generator(image_id, purpose, index).integers(0, 2**63, 8))


def test_noise_is_noise() -> None:
    """Mean and spread of what a region gets are those of the distribution asked for."""
    drawn = KEY.generator("id", "pixelate", 0).normal(size=20_000)
    assert abs(drawn.mean()) < 0.03
    assert abs(drawn.std() - 1) < 0.03


@given(first=TEXT, second=TEXT)
def test_derived_keys_are_keys_of_their_own(first: str, second: str) -> None:
    """One a purpose, none of them the key that they come from, nor another key's of the same purpose."""
    assert (KEY.derived(first) == KEY.derived(second)) == (first == second)
    assert KEY.derived(first) not in {KEY, OTHER.derived(first)}
