"""Attackers, restoring and the report of the frontier, on people that are drawn."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs.methods import METHODS, Mask, Noise, Pixelate
from benchmarks.frontiers import attackers, people, report, treated
from benchmarks.frontiers.attackers import judge
from benchmarks.frontiers.people import People, Photo
from benchmarks.frontiers.restoring import Restorer
from benchmarks.frontiers.store import Store, worst
from benchmarks.frontiers.strengths import STRENGTHS, Strength
from benchmarks.frontiers.treated import Lake
from tests.unit.benchmarks.drawn import POINTS
from tests.unit.methods.cases import FACE_BOX, face


def test_every_method_has_five_strengths() -> None:
    """A new member cannot be left out of the table; each of its strengths has a label of its own."""
    assert set(STRENGTHS) == set(METHODS)
    for name, of in STRENGTHS.items():
        assert len({one.label for one in of}) == 5
        assert {one.method.name for one in of} == {name}


def strangers(count: int) -> People:
    """Return so many people with a photo on each side."""
    of = tuple(Photo(str(i), Path(str(i)), np.zeros(4, np.float32), POINTS) for i in range(count))
    return People(of, of, (), 0)


def test_an_attacker_who_is_always_right_and_one_who_guesses() -> None:
    """Rank-1 is 1 for the one, and about chance for whoever finds all alike, as under masks of one size."""
    known, same = strangers(400), np.eye(400, dtype=np.float32)
    sure, guessing = (judge(one, known, 1000) for one in (same, 0 * same))
    assert (sure.rank1, sure.rank1_high, sure.tar, sure.similarity) == (1, 1, 1, 1)
    assert guessing.rank1 <= 4 / 400
    assert guessing.rank1 < guessing.rank1_high < 0.04
    assert (guessing.tar, guessing.similarity) == (0, 0)


def test_smaller_galleries_are_drawn_from_all_people() -> None:
    """Who finds everybody alike is right once in a gallery, whatever its size."""
    assert judge(np.zeros((400, 400), np.float32), strangers(400), 10).rank1 == pytest.approx(1 / 10, abs=0.05)


def test_one_in_a_hundred_strangers_matches_at_the_threshold() -> None:
    """TAR is counted above the similarity that 1% of the pairs of strangers reach; of few pairs there is none."""
    known, same = strangers(200), np.eye(200, dtype=np.float32)
    scores = np.random.default_rng(1).normal(0, 1, (200, 200)).astype(np.float32)
    shifted = scores + np.float32(2.326) * same  # the 99th percentile of the normal distribution
    assert judge(shifted, known, 1000).tar == pytest.approx(0.5, abs=0.1)
    assert judge(scores, known, 1000).tar == pytest.approx(0.01, abs=0.02)
    assert judge(scores[:9, :9], strangers(9), 1000).tar is None


def test_a_restorer_undoes_what_is_the_same_for_all(photos: list[Photo]) -> None:
    """Faces that were only inverted come back from what was learned on other people."""
    clear = [one.rgb for one in photos]
    dark = [255 - one for one in clear]
    restorer = Restorer(dark[:6], clear[:6], photos[:6])
    (restored,) = restorer.faces(dark[6:7], photos[6:7])
    (again,) = restorer.faces(clear[6:7], photos[6:7])
    wanted = clear[6][75:130, 75:125].mean()
    assert abs(restored[20:45, 20:45].mean() - wanted) < 25
    assert abs(again[20:45, 20:45].mean() - wanted) > 25


def test_photos_are_treated_as_the_job_does(photos: list[Photo]) -> None:
    """Inside the region by the method, with the key's noise; outside not at all."""
    told, other = (Lake(treated.spec(Strength(Pixelate(5), 1.3), treated.whole_key(key))) for key in (1, 2))
    made, again, alike = (treated.rgb_of(photos[0], one) for one in (told, told, other))
    assert np.array_equal(made, again)
    assert not np.array_equal(made, alike)
    changed = (made != photos[0].rgb).any(2)
    assert changed[50:150, 60:140].mean() > 0.9
    assert not changed[:30].any()


def test_files_of_one_name_have_noise_of_their_own(photos: list[Photo]) -> None:
    """Each person's folder may have a ``0.png``: were their noise the same, it would tell nothing and hide nothing."""
    lake = Lake(treated.spec(Strength(Noise(16.0), 1.3), treated.whole_key(1)))
    twin = replace(photos[0], person="somebody else")
    assert not np.array_equal(treated.rgb_of(photos[0], lake), treated.rgb_of(twin, lake))


def test_people_are_split_and_nobody_is_on_two_sides(photos: list[Photo], tmp_path: Path) -> None:
    """Half of each person's photos is held, half attacked; who has one photo is learned from."""
    (tmp_path / "alone").mkdir()
    Image.fromarray(face(9)).save(tmp_path / "alone" / "0.png")
    found = np.array([[*np.reshape(FACE_BOX, (2, 2)), *POINTS]] * 9, np.float32)
    known = people.split(
        [*photos, Photo("alone", tmp_path / "alone" / "0.png", found[0, :2].ravel(), found[0, 2:])], []
    )
    assert [one.path.name for one in known.gallery] == ["0.png"] * 4
    assert [one.path.name for one in known.probes] == ["1.png"] * 4
    assert [one.person for one in known.learning] == ["alone"]
    assert np.array_equal(known.same, np.eye(4, dtype=bool))


def test_fewer_than_two_people_are_refused(photos: list[Photo]) -> None:
    """A gallery of one names nobody."""
    with pytest.raises(SystemExit, match="two with two photos"):
        people.split(photos[:2], [])


def rows() -> list[dict[str, Any]]:
    """Return rows as the benchmark makes them: the untouched photos, and a mask at five strengths."""
    about = {"people": 100, "probes": 100, "gallery": 100, "chance": 0.01}
    good, none = {"rank1": 0.97, "tar": 0.99}, {"rank1": 0.01, "tar": None}
    kept = {"found": 0.0, "ssim": 0.4, "colour": 0.2}
    out: list[dict[str, Any]] = [
        {"method": "none", "parameters": {}, "region": None, "public": False, "label": "untouched", **about}
        | {"attacks": {"dlib_resnet": {"naive": good, "parrot": good}}}
    ]
    for one in STRENGTHS["mask"]:
        attacks = {"dlib_resnet": {"naive": none, "parrot": {"rank1": 0.03, "tar": 0.02}, "restored": none}}
        said = {"method": "mask", "parameters": {}, "region": one.region_ratio, "public": True, "label": one.label}
        out.append({**said, **about, "attacks": attacks, "kept": kept, "ms": 1.25, "passes": 0.25})
    return out


def test_the_worst_attack_is_what_counts() -> None:
    """Over recognizers and attacks."""
    row = rows()[1]
    row["attacks"]["arcface"] = {"naive": {"rank1": 0.2, "tar": 0.1}}
    assert worst(row) == 0.2
    assert worst(row, "rank1", "parrot") == 0.03
    assert worst(row, "tar") == 0.1


def test_rows_become_a_csv_a_table_and_a_plot(tmp_path: Path) -> None:
    """One line each, one value a column; what was not measured is empty."""
    report.write(tmp_path, rows())
    with (tmp_path / "frontier.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["label"] for line in lines] == ["untouched", *(one.label for one in STRENGTHS["mask"])]
    assert (lines[0]["ssim"], lines[1]["ssim"], lines[1]["dlib_resnet_parrot_rank1"]) == ("", "0.4", "0.03")
    assert json.loads((tmp_path / "frontier.json").read_text(encoding="utf-8")) == rows()
    assert Image.open(tmp_path / "frontier.png").size == (1260, 330)
    assert (
        report.table(rows())
        .splitlines()[3]
        .startswith("| `mask level_ratio=0.5 form=block region=1` | 1.0% | 3.0% | 1.0% |")
    )


def test_what_was_measured_is_kept(tmp_path: Path) -> None:
    """A run that was stopped goes on; a row of another digest is another one."""
    file = tmp_path / "kept" / "rows.jsonl"
    Store(file).put("one", {"rank1": 0.5})
    Store(file).put("two", {"rank1": 0.6})
    assert (Store(file).get("one"), Store(file).get("three")) == ({"rank1": 0.5}, None)


def test_templates_are_asked_for_at_the_clear_points(photos: list[Photo]) -> None:
    """An attacker need not find the face in what is left of it."""
    asked = []

    class Recording:
        """Takes down what it is asked."""

        def embed(self, rgb: Any, landmarks: Any, detector: str, runtime: Any) -> Any:
            del runtime
            asked.append((rgb.shape, landmarks.tolist(), detector))
            return np.ones((1, 2), np.float32)

    made = attackers.templates(Recording(), photos[:2], [one.rgb for one in photos[:2]], None)  # type: ignore[arg-type]
    assert made.shape == (2, 2)
    assert asked == [((200, 200, 3), [POINTS.tolist()], "centerface")] * 2


def test_an_opaque_mask_needs_no_second_link() -> None:
    """A chain must end with the mask; where it is the method, there is no other."""
    alone, before, shape = (
        treated.spec(Strength(m, 2.0), treated.whole_key(1)).policy.face.chain
        for m in (Mask(), Pixelate(), Mask(form="ellipse"))
    )
    assert alone == (Mask(),)
    assert before == (Pixelate(), Mask())
    assert shape == (Mask(form="ellipse"), Mask())


def test_people_of_one_photo_each_side() -> None:
    """The first of each half, so that chance is one of as many as there are people."""
    where, box = Path("x"), np.zeros(4, np.float32)
    held = tuple(Photo(name, where / str(i), box, POINTS) for name in "ab" for i in range(2))
    known = people.pairs_alone(People(held, held, (), 0))
    assert [(one.person, one.path.name) for one in known.gallery] == [("a", "0"), ("b", "0")]
