"""Keyed hashes of regions: near copies match under one key, and nothing matches across keys."""

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from anonymizer_udfs import fingerprint, pipeline
from anonymizer_udfs.fingerprint import BITS, distance, of_grey, planes
from anonymizer_udfs.keys import Key
from anonymizer_udfs.methods import Mask, Pixelate, Target
from tests.support import specs
from tests.unit.methods.cases import FACE_BOX, face, rng

OTHER = Key(bytes(range(1, 33)))
MATCH = 6
"""What docs/methods.md joins by."""


def grey(seed: int, *, key: int = 0) -> np.ndarray:
    """Return a drawn face pixelated with noise, as grey values."""
    made = Pixelate(5).apply(face(seed), Target(FACE_BOX), rng(100 * key + seed))
    return made.mean(2).astype(np.float32)


def hashed(pixels: np.ndarray, key: Key = specs.KEY) -> int:
    """Return the hash of pixels that are not all alike."""
    made = of_grey(pixels, planes(key))
    assert made is not None
    return made


@pytest.mark.parametrize("quality", [pytest.param(q, id=f"quality-{q}") for q in (90, 60, 30)])
@pytest.mark.parametrize("scale", [pytest.param(s, id=f"scale-{s}") for s in (1.0, 0.8, 0.5, 1.7)])
def test_copies_match(scale: float, quality: int) -> None:
    """Scaled and compressed anew, a region keeps all but a few of its bits."""
    for seed in range(20):
        side = round(200 * scale)
        file = io.BytesIO()
        small = Image.fromarray(grey(seed).round().astype(np.uint8)).resize((side, side), Image.Resampling.BILINEAR)
        small.save(file, "JPEG", quality=quality)
        copy = np.asarray(Image.open(file), np.float32)
        assert distance(hashed(grey(seed)), hashed(copy)) <= MATCH


def test_others_do_not_match() -> None:
    """Regions that show something else are further away than what is joined."""
    draw = np.random.default_rng(5)
    found = [hashed(draw.uniform(0, 255, (5, 5)).repeat(20, 0).repeat(20, 1).astype(np.float32)) for _ in range(60)]
    apart = [distance(a, b) for a, b in itertools.combinations(found, 2)]
    assert min(apart) > MATCH
    assert np.mean(apart) == pytest.approx(32, abs=2)


def test_nothing_matches_across_keys() -> None:
    """The same picture under two keys differs in half of its bits, as two pictures do: binomial, of 64 at 1/2."""
    draw = np.random.default_rng(6)
    shown = [draw.uniform(0, 255, (5, 5)).repeat(9, 0).repeat(9, 1).astype(np.float32) for _ in range(400)]
    keys = [Key(bytes([i]) * 32) for i in range(1, 9)]
    same = [distance(hashed(one, keys[i % 8]), hashed(one, keys[(i + 1) % 8])) for i, one in enumerate(shown)]
    strangers = [
        distance(hashed(one, keys[i % 8]), hashed(shown[i - 1], keys[(i + 1) % 8])) for i, one in enumerate(shown)
    ]
    assert min(same) > MATCH
    assert np.mean(same) == pytest.approx(np.mean(strangers), abs=2)
    assert np.mean(same) == pytest.approx(32, abs=2)


def test_planes_are_as_even_as_coins() -> None:
    """Half of the signs are positive, and no two planes are alike: without the key a bit says nothing."""
    signs = planes(specs.KEY)
    assert signs.shape == (BITS, 63)
    assert set(np.unique(signs).tolist()) == {-1.0, 1.0}
    assert abs(float(signs.mean())) < 4 / np.sqrt(signs.size)
    alike = signs @ signs.T / 63
    assert np.abs(alike[~np.eye(BITS, dtype=bool)]).max() < 0.6


@pytest.mark.parametrize(
    "pixels",
    [
        pytest.param(np.zeros((0, 4), np.float32), id="none"),
        pytest.param(np.full((30, 30), 127, np.float32), id="one-colour"),
        pytest.param(np.random.default_rng(1).normal(127, 1, (64, 64)).astype(np.float32), id="an-encoder-s-noise"),
    ],
)
def test_one_colour_has_no_hash(pixels: np.ndarray) -> None:
    """It is like any other of that kind, and what is left of it is rounding."""
    assert of_grey(pixels, planes(specs.KEY)) is None


@given(side=st.tuples(st.integers(1, 50), st.integers(1, 50)), seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_any_size_has_a_hash_of_64_bits(side: tuple[int, int], seed: int) -> None:
    """As Delta's BIGINT holds it, or none."""
    made = of_grey(np.random.default_rng(seed).uniform(0, 255, side).astype(np.float32), planes(specs.KEY))
    assert made is None or -(2**63) <= made < 2**63


def test_the_record_has_it(tmp_path: Path) -> None:
    """Of what is stored: the same for a grey copy in another format, another under another key, none under a mask."""
    picture = np.full((120, 120, 3), 90, np.uint8)
    picture[20:100, 20:100] = np.random.default_rng(2).integers(0, 120, (20, 20, 1)).repeat(4, 0).repeat(4, 1)
    picture[50:70, 50:70] = (255, 0, 0)
    found = {}
    for name, key, method in (
        ("a.png", specs.KEY, Pixelate(5, 0.0)),
        ("b.tiff", specs.KEY, Pixelate(5, 0.0)),
        ("c.png", OTHER, Pixelate(5, 0.0)),
        ("d.png", specs.KEY, Mask()),
    ):
        Image.fromarray(picture).save(tmp_path / name)
        chain = (method,) if isinstance(method, Mask) else (method, Mask())
        spec = specs.red_dots(tmp_path, *chain, key=key)
        (batch,) = pipeline.anonymize_partition(specs.planned(tmp_path / name, key).to_batches(), spec)
        (row,) = batch.to_pylist()
        found[name] = [one["region_hash"] for one in row["faces"]]
    assert found["a.png"] == found["b.tiff"]
    assert set(found["d.png"]) == {None}
    assert distance(found["a.png"][0], found["c.png"][0]) > MATCH


def test_faces_keep_their_order() -> None:
    """Nothing is hashed where nothing was treated."""
    assert fingerprint.hashed((), (), (), specs.KEY) == ()
