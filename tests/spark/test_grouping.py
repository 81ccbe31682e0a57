"""People and groups over Spark: what the pure steps promise holds over partitions, shuffles and earlier groups."""

from collections.abc import Iterator

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs import grouping
from jobs.errors import JobError
from jobs.grouping import Grouping, Groups, group
from tests.unit.grouping.drawn import THRESHOLD, Cosine, faces, templates

PEOPLE, EACH, K = 1000, 5, 20


@pytest.fixture(scope="module")
def archive(spark: SparkSession) -> Iterator[DataFrame]:
    """Return 5,000 faces of 1,000 people in two strata, face ``i`` of person ``i // 5``."""
    strata = [("front/plain", "left/all")[i // EACH % 7 == 0] for i in range(PEOPLE * EACH)]
    frame = spark.createDataFrame(faces(templates(PEOPLE, EACH), strata)).repartition(5).cache()
    yield frame
    frame.unpersist()


def number(face: str) -> int:
    """Return the drawn person of a face."""
    return int(face, 16) // EACH


def assigned(found: Groups) -> dict[str, str]:
    """Return face to group, of new groups."""
    return {face: row["group_id"] for row in found.new.toLocalIterator() for face in row["faces"]}


def sizes(of: dict[str, str]) -> list[int]:
    """Return how many drawn people each group has."""
    return [len({number(f) for f in of if of[f] == g}) for g in set(of.values())]


def test_five_thousand_templates_make_disjoint_groups_of_k(archive: DataFrame) -> None:
    """Every person is in one group with all faces; each group has k to 2k - 1 people of one stratum."""
    found = group(archive, Grouping(K, Cosine(), THRESHOLD))
    of = assigned(found)
    assert len(of) == PEOPLE * EACH
    assert len({(number(face), of[face]) for face in of}) == PEOPLE
    assert K <= min(sizes(of)) <= max(sizes(of)) < 2 * K
    for name in set(of.values()):
        assert len({number(face) % 7 == 0 for face in of if of[face] == name}) == 1
    counts = found.counts
    assert (counts.faces, counts.people, counts.grouped, counts.torn) == (PEOPLE * EACH, PEOPLE, PEOPLE, 0)
    assert (counts.groups, counts.least, counts.most) == (len(sizes(of)), min(sizes(of)), max(sizes(of)))
    found.release()


def test_partitions_and_order_change_nothing(archive: DataFrame) -> None:
    """The same faces give the same groups, however they are spread."""
    some = archive.where("face_id < '000001f4'")
    first, second = (group(one, Grouping(K, Cosine(), THRESHOLD, 4)) for one in (some, some.repartition(3)))
    assert assigned(first) == assigned(second)
    first.release()
    second.release()


def test_groups_are_frozen(spark: SparkSession, archive: DataFrame) -> None:
    """Who is in a group stays, new people form new groups, and who would be in two gets none."""
    how = Grouping(K, Cosine(), THRESHOLD)
    before = assigned(group(archive.where("face_id < '000009c4'"), how))  # 500 people
    torn = {**before, "00000000": "0" * 32}  # of person 0 one face was taken for somebody else's
    rows = [(face, name) for face, name in torn.items() if face != "00000009"]  # a photo that is new
    found = group(archive, how, spark.createDataFrame(rows, "face_id string, group_id string"))
    new, people = assigned(found), found.people.collect()
    kept = {face: row["group_id"] for row in people if row["state"] == "kept" for face in row["faces"]}
    assert kept == {face: name for face, name in before.items() if number(face) != 0}
    assert {number(face) for row in people if row["state"] == "torn" for face in row["faces"]} == {0}
    assert {number(face) for face in new} == set(range(500, PEOPLE))
    assert not set(new.values()) & set(torn.values())
    assert min(sizes(new)) >= K
    found.release()


def test_fewer_than_k_people_form_no_group(archive: DataFrame) -> None:
    """Fail closed: 19 people with 95 faces get none, and 20 get one."""
    how = Grouping(K, Cosine(), THRESHOLD)
    few, enough = (group(archive.where(f"face_id < '{n * EACH:08x}'"), how) for n in (K - 1, K))
    assert (few.new.count(), few.counts.people, few.counts.groups) == (0, K - 1, 0)
    assert (enough.counts.groups, enough.counts.least, enough.counts.most) == (1, K, K)


def test_labels_say_who_is_one_person(spark: SparkSession, archive: DataFrame) -> None:
    """Templates are not asked then, faces without a label take no part, and labels that share a face are one."""
    some = archive.where("face_id < '000001f4'")
    rows = [(f"{i:08x}", f"label-{i % 50}") for i in range(450)] + [("00000000", "label-1")]
    labels = spark.createDataFrame(rows, "face_id string, label string")
    found = group(some, Grouping(K, Cosine(), 2.0), labels=labels)
    people = {frozenset(row["faces"]) for row in found.people.collect()}
    wanted = [frozenset(f"{i:08x}" for i in range(start, 450, 50)) for start in range(50)]
    assert people == {wanted[0] | wanted[1], *wanted[2:]}
    assert found.counts.grouped == 49


def test_a_chain_through_many_cells_is_one_person(spark: SparkSession) -> None:
    """Ids spread from cell to cell until none changes, or the job says that they did not settle."""
    angles = np.radians(np.arange(0, 170, 2))
    chain = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    how = Grouping(2, Cosine(), 0.999, 12)
    frame = spark.createDataFrame(faces(chain)).cache()
    found = group(frame, how)
    assert [row["person"] for row in found.people.collect()] == ["00000000"]
    before, grouping.ROUNDS_MAX = grouping.ROUNDS_MAX, 2
    try:
        with pytest.raises(JobError, match="did not settle"):
            group(frame, how)
    finally:
        grouping.ROUNDS_MAX = before


def test_no_faces_are_no_error(archive: DataFrame) -> None:
    """An archive without faces has no people."""
    found = group(archive.limit(0), Grouping(K, Cosine(), THRESHOLD))
    assert (found.counts.faces, found.counts.people, found.counts.groups) == (0, 0, 0)
