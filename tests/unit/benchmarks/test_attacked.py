"""The benchmark against deface: whose photos, what is seen of each release, and what is told of the attacks."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import skimage.data
from PIL import Image

from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.evaluation.examining import ExamineSpec
from anonymizer_udfs.evaluation.gathered import ATTACKED
from anonymizer_udfs.evaluation.views import CHIP
from anonymizer_udfs.keys import Key
from anonymizer_udfs.methods import Mask, Pixelate
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from anonymizer_udfs.spec import WorkerSpec
from benchmarks.attacked import attack, deface_outputs, people
from benchmarks.attacked.entrants import Entrant, Ours, Peer, fast, named
from benchmarks.attacked.people import Photo
from benchmarks.attacked.seeing import Remembering, Seeing
from conf import gates
from jobs import attackers
from tests.support import evidence, graphs, specs
from tests.support.pictures import PORTRAIT, saved, write
from tests.unit.evaluation.test_attacking import WHO, leaks, rows
from tests.unit.evaluation.test_attacking import means as means_of_drawn  # noqa: F401 - a fixture
from tests.unit.evaluation.test_examining import picture

ROOT = Path(__file__).resolve().parents[3]
DEFACE = Path(os.environ.get("FACEVEIL_TEST_DEFACE", str(ROOT / "build" / "bench-venv" / "bin" / "python")))
GATE = gates.load("default")


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    """Three people, two photos each, with one red dot that detectors of these tests take for a face."""
    files = {f"p{i // 2}/{i % 2}.png": saved(picture(i), "PNG") for i in range(6)}
    return people.chosen(write(tmp_path / "photos", files))


def seeing(folder: Path, *chain: Mask | Pixelate) -> tuple[Seeing, WorkerSpec]:
    """Return what looks at releases with a drawn detector and recognizer, and what a worker of ours is told."""
    drawn = specs.red_dots(folder, *chain)
    worker = replace(drawn, policy=replace(fast(drawn).policy, plan=drawn.policy.plan))
    who = DlibResnet(model=graphs.stored(folder, "colours", graphs.colour_recognizer()))
    spec = ExamineSpec(worker, Key(bytes(range(1, 33))), Remembering((who,), worker.runtime))
    return Seeing(spec, folder / "kept"), worker


def views(looked: Seeing, entrant: Entrant) -> dict[str, dict[str, bytes]]:
    """Return what attackers get, by the face's id."""
    batches = list(looked.attacked(entrant.name))
    return {row["face_id"]: dict(row["views"]) for batch in batches for row in batch.to_pylist()}


def test_nobody_without_two_photos_is_chosen(tmp_path: Path) -> None:
    """Two of each, the first by name; a folder with nobody says what is expected."""
    with pytest.raises(SystemExit, match="no photos in"):
        people.chosen(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit, match="some with 2 photos"):
        people.chosen(tmp_path / "empty")
    files = {"a/1.jpg": b"1", "a/2.jpg": b"2", "a/3.jpg": b"3", "b/1.jpg": b"4", "c/1.jpg": b"5", "c/2.jpg": b"6"}
    given = write(tmp_path / "given", files | {"a/notes.txt": b""})
    assert [(one.person, one.path.name) for one in people.chosen(given)] == [
        ("a", "1.jpg"), ("a", "2.jpg"), ("c", "1.jpg"), ("c", "2.jpg"),
    ]  # fmt: skip
    assert {one.person for one in people.chosen(given, 1)} == {"a"}
    labels = people.laid(people.chosen(given), tmp_path / "laid")
    assert labels.read_text().split() == ["path,person", "a/1.jpg,a", "a/2.jpg,a", "c/1.jpg,c", "c/2.jpg,c"]
    assert (tmp_path / "laid" / "photos" / "c" / "2.jpg").read_bytes() == b"6"


def test_a_tool_without_a_key_is_its_own_parrot_and_ours_is_not(tmp_path: Path, photos: Sequence[Photo]) -> None:
    """Both are seen beside the same clear faces; noise of ours is drawn from a key, so a stranger's differs."""
    looked, worker = seeing(tmp_path, Pixelate(4, 0.5), Mask())
    ours = Ours(worker)
    made = {named(one.path, worker): tmp_path / "outputs" / f"{i}.png" for i, one in enumerate(photos)}
    write(tmp_path / "outputs", {f"{i}.png": saved(picture(99), "PNG") for i in range(len(photos))})
    peer = Peer("solid", made)
    for entrant in (ours, peer):
        looked.see(photos, entrant, controls=entrant is ours)
    mine, theirs = views(looked, ours), views(looked, peer)
    assert set(mine) == set(theirs)
    assert len(mine) == len(photos)
    for face, seen in theirs.items():
        assert seen[f"parrot.{CHIP}"] == seen[f"released.{CHIP}"] != seen[f"clear.{CHIP}"]
        assert mine[face][f"parrot.{CHIP}"] != mine[face][f"released.{CHIP}"]
        assert mine[face][f"clear.{WHO}"] == seen[f"clear.{WHO}"]
        assert any(name.startswith("weak.") for name in mine[face])
        assert not any(name.startswith("weak.") for name in seen)
    assert (looked.methods(ours.name), looked.methods(peer.name)) == ({"pixelate": 6}, {"solid": 6})


def test_what_was_seen_is_not_seen_again_and_can_be_forgotten(tmp_path: Path, photos: Sequence[Photo]) -> None:
    """A run that was stopped goes on; views are people's templates, and are gone with their entrant."""
    looked, worker = seeing(tmp_path)
    ours = Ours(worker)
    looked.see(photos, ours, controls=False)
    before = views(looked, ours)
    for one in photos:
        one.path.unlink()
    looked.see(photos, ours, controls=False)
    assert views(looked, ours) == before
    looked.forget(ours.name)
    assert not [one for one in looked.kept.rglob("*") if one.is_file()]


def test_each_persons_photos_are_numbered(tmp_path: Path, photos: Sequence[Photo]) -> None:
    """From 1, in the order of keyed ids, so that neither names nor order of files choose who is the probe."""
    looked, worker = seeing(tmp_path)
    looked.see(photos, Ours(worker), controls=False)
    found = [row for batch in looked.attacked(Ours(worker).name) for row in batch.to_pylist()]
    for person in ("p0", "p1", "p2"):
        mine = [(row["face_id"], row["number"]) for row in found if row["person"] == person]
        assert [number for _, number in sorted(mine)] == [1, 2]


def test_the_place_of_its_mask() -> None:
    """0.3 of the box's sides on both ends of it, cut at the border."""
    one = Finding("face", np.array([50, 20, 100, 90], np.float32), 1.0, ())
    assert deface_outputs.region(one, (150, 100)) == (35, 0, 115, 100)


@pytest.mark.skipif(not DEFACE.is_file(), reason=f"no deface in {DEFACE.parent}; make bench makes it")
def test_deface_is_run_as_its_user_runs_it(tmp_path: Path) -> None:
    """Each way changes the face in its own way; what is there already is not made again."""
    source = write(tmp_path / "photos", {"one.jpg": saved(skimage.data.astronaut(), "JPEG", quality=95)})
    face = np.s_[90:150, 200:250]
    seen = {}
    for way in deface_outputs.WAYS:
        made = deface_outputs.outputs(str(DEFACE), {"one": source / "one.jpg"}, way, tmp_path / way)
        seen[way] = np.array(Image.open(made["one"]))
        assert [file.name for file in (tmp_path / way).iterdir()] == ["one_anonymized.jpg"]
    assert seen["solid"][face].max() < 30
    assert seen["blur"][face].std() < skimage.data.astronaut()[face].std()
    assert np.abs(seen["blur"][face].astype(int) - seen["mosaic"][face]).mean() > 5
    again = deface_outputs.outputs("/no/such/python", {"one": source / "one.jpg"}, "blur", tmp_path / "blur")
    assert again["one"].is_file()


def test_a_python_without_deface_is_told(tmp_path: Path) -> None:
    """What failed and what makes it right; nothing is taken for an output."""
    source = write(tmp_path / "photos", {"one.jpg": saved(PORTRAIT, "JPEG")})
    with pytest.raises(SystemExit, match="make bench"):
        deface_outputs.outputs("/no/such/python", {"one": source / "one.jpg"}, "blur", tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.jpg"))


@pytest.mark.parametrize(
    ("share", "least", "most"), [(1.0, 0.99, 1.0), (0.0, 0.0, 0.05)], ids=["as they are", "all alike"]
)
def test_every_attacker_has_a_figure(request: pytest.FixtureRequest, share: float, least: float, most: float) -> None:
    """Of faces that stayed as they are everybody is named, of faces all alike nobody beyond chance."""
    means = request.getfixturevalue("means_of_drawn")
    found = attack.kept(list(attack.figures(_batches(rows(leaks(share), 40)), means)), GATE, means.names)
    reached = {one["attack"]: one for one in found["attacks"]}
    assert set(reached) >= {"static", "parrot", "learned_linear", "learned_network", "restored_linear", "replay"}
    assert least <= reached["static"]["rank1"] <= most
    assert reached["static"]["gallery"] == 40
    assert found["checks"]["rank1"]["state"] == "missing"
    assert found["at_best"] == ("obfuscated" if share else None)


def _batches(given: list[dict[str, Any]]) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_pylist(given, ATTACKED)]


@pytest.mark.parametrize(
    ("context", "room", "word"),
    [
        (0.9, 0.9, "anonymous under test"),
        (3.0, 0.9, "face-anonymized"),
        (0.9, 3.0, "obfuscated"),
        (3.0, 3.0, "obfuscated"),
    ],
    ids=["all within", "context beyond", "faces beyond", "both beyond"],
)
def test_the_word_that_attackers_leave(context: float, room: float, word: str) -> None:
    """It falls with the worst of them, and what is around faces counts for the strongest alone."""
    found = [one for one in evidence.whole(GATE, room=room) if one.of("tier") != "T4"]
    for name in GATE.attacks["T4"]:
        for who in evidence.RECOGNIZERS:
            found += evidence.attack(GATE, name, "T4", who, context)[:1]
    assert attack.at_best(attackers.checks(GATE, found, evidence.RECOGNIZERS)) == word
    some = [one for one in found if one.of("attack") != "static"]
    assert attack.at_best(attackers.checks(GATE, some, evidence.RECOGNIZERS)) in {None, "obfuscated"}
