"""Whatever single thing is done to the rows of a lake, a verification finds it and names the image."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import verify
from jobs.lake import Lake
from jobs.verifying import proofs, trees
from schemas import IMAGES
from tests.support import lakes, tampering

ROWS = [
    lakes.row(f"n{i}", f"{i}".encode(), faces=[lakes.face()] * (i % 3), status=("clean", "anonymized", "review")[i % 3])
    | ({"reason": "unsure"} if i % 3 == 2 else {})
    for i in range(9)
]
TYPES = {c.name: c.type for c in IMAGES.columns}
PAIR = st.lists(st.integers(0, 8), min_size=2, max_size=2, unique=True)
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Return a lake of one run and one file."""
    return lakes.sealed(tmp_path_factory.mktemp("p") / "lake", ROWS)


def named(lake: Lake, image_id: str) -> bool:
    """Return whether a verification finds something, and names the image."""
    return any(image_id in one.image_ids for one in verify.run(lake).findings)


def copied(pristine: Lake, folder: Path) -> Lake:
    """Return a copy that may be changed."""
    shutil.rmtree(folder / "lake", ignore_errors=True)
    shutil.copytree(pristine.uri, folder / "lake")
    return Lake(str(folder / "lake"))


@SLOW
@given(at=st.integers(0, 8), name=st.sampled_from(sorted(TYPES)))
def test_any_value_that_is_changed(at: int, name: str, pristine: Lake, tmp_path: Path) -> None:
    """In any column of any row, by the smallest change there is; an id that is changed is missed as well."""
    lake = copied(pristine, tmp_path)
    ids = list[str]()

    def tamper(rows: tampering.Rows) -> None:
        ids.append(rows[at]["image_id"])
        rows[at][name] = tampering.other(rows[at][name], TYPES[name])

    tampering.rewrite(lake, tamper)
    assert named(lake, ids[0])


@SLOW
@given(pair=PAIR, names=st.sets(st.sampled_from(sorted(TYPES))))
def test_any_values_that_are_swapped(pair: list[int], names: set[str], pristine: Lake, tmp_path: Path) -> None:
    """Between any two rows, in any columns but all of them: where that changes a row, it is named."""
    lake = copied(pristine, tmp_path)
    changed = list[str]()

    def tamper(rows: tampering.Rows) -> None:
        one, two = (rows[place] for place in pair)
        before = {row["image_id"]: dict(row) for row in (one, two)}
        for name in names:
            one[name], two[name] = two[name], one[name]
        changed.extend(row["image_id"] for row in (one, two) if before[row["image_id"]] != row)

    tampering.rewrite(lake, tamper)
    assert all(named(lake, image_id) for image_id in changed)
    assert bool(changed) == bool(verify.run(lake).findings)


@SLOW
@given(at=st.integers(0, 8), other=st.integers(0, 8), drop=st.booleans())
def test_any_row_that_is_dropped_or_put_in_place_of_another(
    at: int, other: int, drop: bool, pristine: Lake, tmp_path: Path
) -> None:
    """The one that is gone is named; the order of the rows says nothing."""
    lake = copied(pristine, tmp_path)
    gone = list[str]()

    def tamper(rows: tampering.Rows) -> None:
        if drop:
            gone.append(rows.pop(at)["image_id"])
        elif at != other:
            gone.append(rows[at]["image_id"])
            rows[at] = dict(rows[other])
        else:
            rows.reverse()

    tampering.rewrite(lake, tamper)
    assert all(named(lake, image_id) for image_id in gone)
    assert bool(gone) == bool(verify.run(lake).findings)


@SLOW
@given(pair=PAIR)
def test_a_proof_of_one_image_proves_no_other(pair: list[int], pristine: Lake) -> None:
    """Not with the other's entry, nor with the other's place."""
    grown = trees.load(pristine, pristine.ledger.events())
    (one, root), (two, _) = (proofs.of(pristine, grown, ROWS[place]["image_id"]) for place in pair)
    assert one.proves(root.root)
    assert two.proves(root.root)
    for entry, index, path in ((two.entry, one.index, one.path), (two.entry, two.index, one.path)):
        assert not proofs.Proof(entry, index, one.size, path).proves(root.root)
    assert proofs.Proof.parse(one.written()) == one
