"""Who is one person: chains of templates that are alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.grouping import linking
from anonymizer_udfs.grouping.linking import join, linked
from tests.unit.grouping.drawn import THRESHOLD, Cosine, templates


def test_nobody_is_linked_with_nobody() -> None:
    """No template, no component."""
    assert linked(np.zeros((0, 4), np.float32), Cosine(), 0.5).tolist() == []


def test_faces_of_a_person_are_linked_and_people_are_not() -> None:
    """Over more templates than are compared at a time."""
    values = templates(200, 5)
    assert len(values) > linking.BLOCK
    assert np.array_equal(linked(values, Cosine(), THRESHOLD), np.repeat(np.arange(200) * 5, 5))


def test_a_chain_is_one_person() -> None:
    """The ends are not alike, but each is like the next: merging is the safe error."""
    angles = np.radians(np.arange(0, 180, 20))
    chain = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    assert not linked(chain, Cosine(), 0.9).any()
    assert len(set(linked(chain, Cosine(), 0.95).tolist())) == len(chain)


@given(pairs=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_components_are_those_of_a_walk(pairs: list[tuple[int, int]]) -> None:
    """Joining in one go gives what walking from element to element gives, named by the smallest."""
    reached = {i: {i} for i in range(31)}
    for a, b in pairs:
        both = reached[a] | reached[b]
        for i in both:
            reached[i] = both
    roots = np.arange(31)
    join(roots, np.array([a for a, _ in pairs], np.intp), np.array([b for _, b in pairs], np.intp))
    assert roots.tolist() == [min(reached[i]) for i in range(31)]


def test_a_template_that_is_no_number_is_refused() -> None:
    """It would be like nobody, and its person split in two."""
    broken = templates(2, 2)
    broken[1, 0] = np.nan
    with pytest.raises(SpecError, match="finite"):
        linked(broken, Cosine(), THRESHOLD)
