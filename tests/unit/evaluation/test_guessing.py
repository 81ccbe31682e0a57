"""Who is who by two recognizers: what both say is taken, what one says alone is nobody's."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.evaluation.guessing import GUESSED, TEMPLATES, GuessPeople
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from tests.support import graphs

LIKE = 0.9


@pytest.fixture
def guess(tmp_path: Path) -> GuessPeople:
    """Two recognizers that compare templates as one does; templates are given, so no model makes any."""
    who = DlibResnet(model=graphs.stored(tmp_path, "colours", graphs.colour_recognizer()))
    return GuessPeople((who, who), (LIKE, LIKE))


def rows(one: list[int], other: list[int], images: str = "") -> list[dict[str, object]]:
    """Return faces that each recognizer puts into the clusters of these numbers, in an order that says nothing."""
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(20, 128)).astype(np.float32)
    names = images or "abcdefghijklmnopqrst"
    out = [
        {
            "face_id": f"{names[i]}-{i:04d}",
            "image_id": names[i],
            "templates": [centres[number].tobytes() for number in (one[i], other[i])],
        }
        for i in range(len(one))
    ]
    return [out[i] for i in draw.permutation(len(out))]


def guessed(guess: GuessPeople, given: list[dict[str, object]]) -> dict[str, tuple[str | None, int | None]]:
    """Return person and number of faces of each face, by the letter of its photo and its number."""
    batches = [pa.RecordBatch.from_pylist(given[i : i + 3], TEMPLATES) for i in range(0, len(given), 3)]
    made = list(guess(batches))
    assert all(batch.schema == GUESSED for batch in made)
    return {row["face_id"]: (row["person"], row["faces"]) for batch in made for row in batch.to_pylist()}


def test_no_faces_give_no_rows(guess: GuessPeople) -> None:
    """An empty lake has nobody in it."""
    assert not list(guess([]))


def test_clusters_that_both_see_are_people(guess: GuessPeople) -> None:
    """Named by their smallest face; one that both leave alone is a person with one photo."""
    found = guessed(guess, rows([1, 1, 2, 2, 2, 3], [4, 4, 5, 5, 5, 6]))
    assert found == {
        "a-0000": ("a-0000", 2),
        "b-0001": ("a-0000", 2),
        "c-0002": ("c-0002", 3),
        "d-0003": ("c-0002", 3),
        "e-0004": ("c-0002", 3),
        "f-0005": ("f-0005", 1),
    }


@pytest.mark.parametrize("swapped", [False, True])
def test_what_one_joins_and_the_other_does_not_is_nobodys(guess: GuessPeople, *, swapped: bool) -> None:
    """All faces that either puts together with a doubted one; who is apart from them is not doubted."""
    sides = ([1, 1, 1, 2, 2, 3], [4, 4, 5, 6, 6, 7])
    one, other = reversed(sides) if swapped else sides
    found = guessed(guess, rows(one, other))
    assert [found[name][0] for name in sorted(found)] == [None, None, None, "d-0003", "d-0003", "f-0005"]


def test_nobody_is_twice_on_one_photo(guess: GuessPeople) -> None:
    """Two faces of one photo in a cluster: twins, a mirror, or an error."""
    found = guessed(guess, rows([1, 1, 1, 2, 2], [4, 4, 4, 5, 5], "aabcd"))
    assert [found[name][0] for name in sorted(found)] == [None, None, None, "c-0003", "c-0003"]


def test_one_recognizer_guesses_nobody(guess: GuessPeople) -> None:
    """Nobody would contradict it."""
    with pytest.raises(SpecError, match="2 recognizers or more with a threshold each, got 1 with 1"):
        GuessPeople(guess.recognizers[:1], (LIKE,))
