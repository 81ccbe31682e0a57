"""What the benchmark of trained models takes for a label, and what it keeps of an answer."""

import csv
from pathlib import Path

import pytest

from benchmarks import downstream
from benchmarks.attacked.people import Photo, chosen


def people(folder: Path, *names: str) -> list[Photo]:
    """Return two photos of each, which nobody looks at."""
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(3):
            (folder / name / f"{number}.jpg").write_bytes(name.encode())
    return chosen(folder, least=1)


def test_no_name_tells_two_things() -> None:
    """Each is in one list, once."""
    every = [name for names in downstream.NAMES.values() for name in names.split()]
    assert len(every) == len(set(every)) > 300


def test_as_many_of_each_and_nobody_whose_name_does_not_tell(tmp_path: Path) -> None:
    """The rest of them is left out, in the order of their names."""
    photos = people(tmp_path / "in", "Anna_A", "Bob_B", "Chris_C", "John_D", "Mary_E", "Paul_F")
    shown = downstream.chosen(photos)
    assert [(one.person, sex) for one, sex in shown[::2]] == [
        ("Anna_A", "woman"),
        ("Bob_B", "man"),
        ("John_D", "man"),
        ("Mary_E", "woman"),
    ]
    assert {one.person for one, _ in downstream.chosen(photos, 1)} == {"Anna_A", "Bob_B"}
    with pytest.raises(SystemExit, match="first names of women and of men"):
        downstream.chosen([one for one in photos if one.person not in {"Anna_A", "Mary_E"}])


def test_photos_and_labels_are_laid_out(tmp_path: Path) -> None:
    """As ``faceveil evaluate --labels`` reads them."""
    shown = downstream.chosen(people(tmp_path / "in", "Anna_A", "Bob_B"))
    labels = downstream.laid(shown, tmp_path / "out")
    rows = list(csv.DictReader(labels.open(encoding="utf-8")))
    assert [tuple(row.values()) for row in rows][::2] == [
        ("Anna_A/0.jpg", "Anna_A", "woman"),
        ("Bob_B/0.jpg", "Bob_B", "man"),
    ]
    assert all((tmp_path / "out" / "photos" / row["path"]).is_file() for row in rows)


def test_of_an_answer_only_what_models_reached_is_kept() -> None:
    """With its task, learner and what it was trained on; no attack, and no reason why something was left out."""
    dimensions = {"task": "column", "model": "linear", "trained": "clear"}
    kept = {"scope": "downstream", "name": "accuracy", "value": 0.9, "low": 0.8, "high": 0.95, "cases": 40}
    others = [{**kept, "scope": "attack"}, {**kept, "name": "left_out"}]
    figures = [{**one, "dimensions": dimensions, "people": 3} for one in (kept, *others)]
    assert downstream.told({"figures": figures}) == [
        {**dimensions, "name": "accuracy", "value": 0.9, "low": 0.8, "high": 0.95, "cases": 40}
    ]
