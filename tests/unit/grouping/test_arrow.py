"""The steps of grouping over Arrow, with no Spark: from faces to groups, in whatever batches they come."""

import itertools
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from anonymizer_udfs.grouping import arrow, cells
from anonymizer_udfs.grouping.arrow import FindCentroids, FormGroups, LinkCells, PutInCells, ToPeople, runs
from tests.unit.grouping.drawn import THRESHOLD, Cosine, faces, templates


def batches(table: pa.Table, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield a table in small batches, with an empty one between."""
    for batch in table.to_batches(max_chunksize=rows):
        yield batch
        yield batch.slice(0, 0)


def made(step: Any, table: pa.Table, rows: int = 7) -> pa.Table:
    """Return what a step makes of a table, after a journey through pickle, as to an executor."""
    step = pickle.loads(pickle.dumps(step))  # noqa: S301 - made in this line
    return pa.Table.from_batches(step(batches(table, rows)))


def persons(table: pa.Table, links: pa.Table) -> dict[str, str]:
    """Return each face's person from its links, as the job's rounds do."""
    found = {face: face for face in table.column("face_id").to_pylist()}
    rows = list(zip(links.column("face_id").to_pylist(), links.column("node").to_pylist(), strict=True))
    for _ in range(len(found)):
        least = {
            node: min(found[face] for face, _ in of)
            for node, of in itertools.groupby(sorted(rows, key=lambda r: r[1]), key=lambda r: r[1])
            for of in [list(of)]
        }
        after = found | {face: min(found[face], *(least[n] for f, n in rows if f == face)) for face, _ in rows}
        if after == found:
            break
        found = after
    return found


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_runs_are_whole_whatever_the_batches(rows: int) -> None:
    """A value that goes on over batches is one run."""
    table = pa.table({"cell": pa.array([0] * 9 + [1] * 2 + [5] * 20, pa.int32()), "n": range(31)})
    found = list(runs(batches(table, rows), "cell"))
    assert [one.column("n").to_pylist() for one in found] == [list(range(9)), [9, 10], list(range(11, 31))]


def test_nothing_in_nothing_out() -> None:
    """An empty partition is no error in any step."""
    none = np.zeros((1, 64), np.float32)
    for step in (FindCentroids(4), PutInCells(none), LinkCells(Cosine(), 0.5), ToPeople(none), FormGroups(2)):
        assert list(step([])) == []


def test_centres_lie_where_templates_do() -> None:
    """Four heaps far from each other have one centre each, whatever the batches."""
    heaps = np.repeat(np.eye(4, 64, dtype=np.float32) * 9, 25, 0) + templates(100, 1) * 0.1
    found = [arrow.templates(made(FindCentroids(4), faces(heaps), rows)) for rows in (3, 1000)]
    assert np.array_equal(*found)
    near = cells.nearest(found[0], np.eye(4, 64, dtype=np.float32) * 9, 1)[:, 0]
    assert sorted(near.tolist()) == [0, 1, 2, 3]


def test_people_are_found_across_cells() -> None:
    """Each face is in several cells, and components of all cells together are the people."""
    table = faces(templates(60, 4))
    centres = arrow.templates(made(FindCentroids(12), table, 1000))
    placed = made(PutInCells(centres), table)
    assert len(placed) == cells.NEAREST * len(table)
    links = made(LinkCells(Cosine(), THRESHOLD), placed.sort_by("cell"))
    ids = table.column("face_id").to_pylist()
    assert persons(table, links) == {face: ids[i // 4 * 4] for i, face in enumerate(ids)}


def test_a_person_is_the_mean_of_the_faces() -> None:
    """With all faces, the usual stratum, the state, and the group of who has one."""
    values = templates(4, 2)
    strata = ["left/all", "left/all", "front/wide", "front/plain", *["front/plain"] * 4]
    table = faces(values, strata)
    who = [f"p{i // 2}" for i in range(8)]
    earlier = [None, "g", None, None, "g", "h", "h", "h"]
    rows = table.append_column("person", pa.array(who)).append_column("group_id", pa.array(earlier, pa.string()))
    found = made(ToPeople(values[::2]), rows.take(pa.array([7, 0, 3, 5, 1, 2, 4, 6]))).to_pylist()
    assert [one["person"] for one in found] == ["p0", "p1", "p2", "p3"]
    assert [one["state"] for one in found] == [arrow.KEPT, arrow.NEW, arrow.TORN, arrow.KEPT]
    assert [one["group_id"] for one in found] == ["g", None, None, "h"]
    assert [one["stratum"] for one in found] == ["left/all", "front/plain", "front/plain", "front/plain"]
    assert [one["faces"] for one in found] == [[f"{i:08x}", f"{i + 1:08x}"] for i in (0, 2, 4, 6)]
    assert [one["cell"] for one in found] == [0, 1, 2, 3]
    assert np.allclose([one["template"] for one in found], (values[::2] + values[1::2]) / 2, atol=1e-6)


def people(count: int) -> pa.Table:
    """Return new people with a shard, 0 for all but the last three."""
    values = templates(count, 1)
    rows = [
        {"person": f"{i:06x}", "faces": [f"{i:06x}"], "state": "new", "stratum": "a/b", "cell": 0, "template": v}
        for i, v in enumerate(values)
    ]
    shard = pa.array([0] * (count - 3) + [1] * 3, pa.int32())
    return pa.Table.from_pylist(rows, schema=arrow.PEOPLE).append_column("shard", shard)


def test_groups_are_disjoint_of_k_at_least_and_named_by_their_people() -> None:
    """A shard of too few forms none; the order in which people come changes no name."""
    table = people(103)
    found = made(FormGroups(20), table).to_pylist()
    turned = table.slice(0, 100).take(pa.array(np.arange(100)[::-1]))
    again = made(FormGroups(20), pa.concat_tables([turned, table.slice(100)])).to_pylist()
    assert found == again
    assert [one["person"] for one in found] == [f"{i:06x}" for i in range(103)]
    sizes: dict[str, list[int]] = {}
    for one in found[:100]:
        sizes.setdefault(one["group_id"], []).append(one["people"])
    assert all(20 <= len(said) <= 39 and set(said) == {len(said)} for said in sizes.values())
    assert [(one["group_id"], one["people"]) for one in found[100:]] == [(None, None)] * 3
