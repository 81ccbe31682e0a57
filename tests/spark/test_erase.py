"""``faceveil erase``: what was erased is in no file of lake, vault and MLflow, and does not come back."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jobs import anonymize as job
from jobs import erase, release, releases, verify
from jobs.errors import JobError
from jobs.lake import Lake
from jobs.releasing.records import Releases
from tests.support.anonymizing import (
    DONE,
    HELD_BACK,
    KEY,
    ONE_LOOK,
    anonymize,
    by_name,
    comparable,
    ends,
    events,
    key_file,
)
from tests.support.pictures import group, place, portrait, saved, write
from tests.support.searching_bytes import holding, runs

STRANGER = saved(np.asarray(Image.open(io.BytesIO(group())).convert("RGB"))[240:450, 420:620], "PNG")
FILES = {
    "ana.png": portrait(1),
    "copy.png": portrait(1),
    "bea.png": portrait(2),
    "bob.png": STRANGER,
    "sea.png": place(),
}
TRACKED = ("--set", "tracking.sample_size=4", "--set", "tracking.contact_sheet_images=4")


def stores_of(lake: Path) -> list[Path]:
    """Return everything that is kept of a lake but the archive itself."""
    return [Path(f"{lake}{end}") for end in ("", ".vault", ".mlflow", ".mlflow.db")]


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = DONE) -> dict[str, Any]:
    """Run the command and return its answer."""
    capsys.readouterr()
    assert erase.main([*words, "--json"]) == code
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def traces(lake: Path, names: list[str]) -> list[bytes]:
    """Return what stands for some images and no other: ids, digests, names, and runs of what was and is stored."""
    rows, found = by_name(lake), list[bytes]()
    others = b"".join((row["content"] or b"") + FILES[name] for name, row in rows.items() if name not in names)
    for name in names:
        found += [rows[name][column].encode() for column in ("image_id", "source_digest", "output_sha256")]
        found += [name.encode(), *runs(rows[name]["content"]), *runs(FILES[name])]
    return [word for word in found if word not in others]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``photos`` and a lake of two runs, tracked with a sheet; the second one took all images again."""
    root = tmp_path_factory.mktemp("erased")
    source, other = write(root / "photos", FILES), root / "other.yaml"
    other.write_text(ONE_LOOK.read_text("utf-8").replace("region_ratio: 2.0", "region_ratio: 1.6"), "utf-8")
    for policy in (ONE_LOOK, other):
        words = [str(source), str(root / "lake"), "--key-file", key_file(root), "--policy", str(policy), *TRACKED]
        assert job.main(words) in {DONE, HELD_BACK}
    return root


def copied(made: Path, to: Path) -> Path:
    """Return a lake of a test's own, with all that is kept of it."""
    for old, new in zip(stores_of(made / "lake"), stores_of(to / "lake"), strict=True):
        if old.is_dir():
            shutil.copytree(old, new)
        elif old.exists():
            shutil.copy(old, new)
    return to / "lake"


def test_a_photo_of_a_person_finds_that_person(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The three portraits and nobody else; what was compared and what has no face is told, and no name."""
    lake, key = copied(made, tmp_path), ("--key-file", key_file(made))
    photo = write(tmp_path, {"someone.png": portrait(5)}) / "someone.png"
    told = said(capsys, str(lake), "--face", str(photo), "--dry-run", *key)
    assert (told["images"], told["face"]["matched"]) == (3, 3)
    assert (told["face"]["faces"], told["face"]["faceless"], told["face"]["unread"]) == (4, 1, 0)
    assert str(tmp_path) not in json.dumps(told)


def _out(*_: object) -> None:
    raise JobError("the release cannot be written: no space is left")


def released(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the lake go out, twice: the first time the release is cut off when its images are recorded."""
    mine = ("--name", "v1", "--override-by", "A", "--override-reason", "B")
    with monkeypatch.context() as here:
        here.setattr(Releases, "add", _out)
        assert release.main([str(made / "lake"), str(made / "cut"), *mine]) == 1
    assert release.main([str(made / "lake"), str(made / "v1"), *mine]) == DONE


def test_what_was_erased_is_in_no_file_and_does_not_come_back(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its source, with its copy: after a dry run that changes nothing, after it, and after the next runs.

    A release that holds both keeps them; that it does is told before, by the erasure itself, and after it.
    """
    lake, key = made / "lake", ("--key-file", key_file(made))
    released(made, monkeypatch)
    out = {path.relative_to(made): path.read_bytes() for path in (made / "v1").rglob("*") if path.is_file()}
    photo, words = str(made / "photos" / "ana.png"), traces(lake, ["ana.png", "copy.png"])
    before, rest = holding(stores_of(lake), words), comparable(lake)
    assert {path.relative_to(made).parts[0] for path in before} >= {"lake", "lake.vault"}
    assert any("released" in path.parts for path in before)
    told = said(capsys, str(lake), "--source", photo, "--dry-run", *key)
    assert (told["images"], told["copies"], told["runs_that_may_show_them"]) == (2, 1, 2)
    holder = {"name": "v1", "uri": str(made / "v1"), "images": 2, "recalled": False}
    assert (told["held_by"], told["held_by_not_known"]) == ([holder], [])
    assert holding(stores_of(lake), words) == before
    told = said(capsys, str(lake), "--source", photo, "--yes", *key)
    (done,), held = told["erasures"], told["held_by"]
    assert held == [holder]
    assert (done["images"], done["mlflow_artifacts_removed"]) == (2, 2)
    assert holding(stores_of(lake), words) == []
    gone = {KEY.image_id((made / "photos" / name).as_uri()) for name in ("ana.png", "copy.png")}
    assert comparable(lake) == [row for row in rest if row["image_id"] not in gone]
    checked = verify.run(Lake(str(lake)))
    assert (checked.findings, checked.trees.erased) == ((), 4)
    assert events(lake)[-1]["event"] == "erased"
    counts = dict(events(lake)[-1]["counts"])
    assert (counts["images"], counts["released"]) == (2, 4)
    assert {path.relative_to(made): path.read_bytes() for path in (made / "v1").rglob("*") if path.is_file()} == out
    assert releases.main([str(lake), "--json"]) == DONE
    (listed,) = json.loads(capsys.readouterr().out)["releases"]
    assert (listed["name"], listed["images"], listed["erased"]) == ("v1", len(out) - 4, 2)
    write(made / "photos", {"third.png": FILES["ana.png"]})
    assert anonymize(made / "photos", lake, *key) == HELD_BACK
    assert not gone & {row["image_id"] for row in comparable(lake)}
    third = by_name(lake)["third.png"]
    assert (third["reason"], third["source_digest"], third["content"], third["faces"]) == ("suppressed", None, None, [])
    assert set(ends(lake)) == {"bea.png", "bob.png", "sea.png", "third.png"}
    assert said(capsys, str(lake), "--source", photo, "--yes", *key)["erased_before"] == 1
