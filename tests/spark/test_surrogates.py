"""``faceveil surrogates``, and ``anonymize`` with what it made: groups of people, frozen, checked, and shown."""

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from deltalake import write_deltalake
from PIL import Image

from anonymizer_udfs.methods.surrogate import SIDE_PX, Surrogate, placed
from anonymizer_udfs.regions import face_wh
from anonymizer_udfs.sources.base import Storage
from jobs import surrogates
from jobs.groups import GroupStore
from jobs.vault import Vault
from tests.support.anonymizing import DONE, FAILED, anonymize, by_name, copied, events, names
from tests.support.pictures import PORTRAIT, place, saved, write

K_SAME = str(Path(__file__).parents[1] / "support" / "k_same.yaml")
PEOPLE = 7


def photo(person: int, number: int) -> bytes:
    """Return a portrait in the person's colours; labels say who it is, since it is always the same face."""
    tint = np.array([1 - 0.05 * person, 1, 0.7 + 0.04 * person])
    pixels = np.clip(PORTRAIT[::2, ::2] * tint - 4 * number, 0, 255).astype(np.uint8)
    return saved(pixels, "PNG") if number else saved(pixels, "JPEG", quality=92)


FILES = {f"p{person}-0.jpg": photo(person, 0) for person in range(PEOPLE)} | {
    f"p{person}-1.png": photo(person, 1) for person in (0, 1)
}
STRANGER = {"stranger.png": photo(3, 5)}


def labels(lake: Path, to: Path, people: int = PEOPLE) -> str:
    """Write who is who for the first people, and return the file."""
    rows = [f"{uri},{uri.rpartition('/')[2][:2]}" for uri in names(lake).values() if re.search(r"/p\d-", uri)]
    rows = [row for row in rows if int(row[-1]) < people]
    (to / "who.csv").write_text("\n".join(["uri,label", *rows, ""]), encoding="utf-8")
    return str(to / "who.csv")


def grouped(lake: Path, *options: str) -> int:
    """Run the command and return its exit code."""
    return surrogates.main([str(lake), "--k", "3", *options])


def store(lake: Path) -> GroupStore:
    """Return the groups of a lake's vault."""
    return GroupStore(Vault(f"{lake}.vault", Storage()), Storage())


def table(lake: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a table of groups."""
    return list(store(lake).tables.query(f'SELECT * FROM "{name}"').to_pylist())  # noqa: S608 - a name of ours


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos of seven people and a stranger, and their lake under k_same; nobody is grouped yet."""
    root = tmp_path_factory.mktemp("grouped")
    write(root / "photos", {**FILES, **STRANGER, "place.png": place()})
    assert anonymize(root / "photos", root / "lake", "--policy", K_SAME) == DONE
    return root


@pytest.fixture(scope="module")
def done(made: Path) -> Path:
    """The same, grouped by labels and anonymized by k_same in a lake of its own."""
    lake = copied(made / "lake", made / "done")
    assert grouped(lake, "--labels", labels(lake, made)) == DONE
    assert anonymize(made / "photos", lake, "--policy", K_SAME) == DONE
    return lake


def test_people_are_in_groups_of_k_with_one_surrogate_each(done: Path) -> None:
    """Seven people make two groups, of three and four; each person with all faces in one; the ledger says so."""
    members, canvases = table(done, "members"), {row["group_id"]: row for row in table(done, "surrogates")}
    assert len(members) == len(FILES)
    people: dict[str, set[str]] = {}
    for row in members:
        people.setdefault(row["group_id"], set()).add(row["person"])
    assert sorted(map(len, people.values())) == [3, 4]
    assert len({(row["person"], row["group_id"]) for row in members}) == PEOPLE
    for name, row in canvases.items():
        assert row["people"] == len(people[name])
        Surrogate.from_png(row["canvas"], row["people"], row["sha256"])
    (entry,) = store(done).entries()
    assert (entry["k"], entry["groups"], entry["people"], entry["faces"]) == (3, 2, PEOPLE, len(FILES))
    assert entry["linked_by"] == "labels"
    assert [(one["job"], one["event"]) for one in events(done)][2:4] == [
        ("surrogates", "started"),
        ("surrogates", "finished"),
    ]


def test_every_face_is_its_groups_surrogate_and_is_counted_by_its_digest(done: Path) -> None:
    """The premise of k-Same by count: each digest that is in the lake stands for at least k people."""
    held = {row["image_id"]: row["group_id"] for row in table(done, "members")}
    who = {row["image_id"]: row["person"] for row in table(done, "members")}
    digests = {row["group_id"]: row["sha256"] for row in table(done, "surrogates")}
    shown: dict[str, set[str]] = {}
    for name, row in by_name(done).items():
        for face in row["faces"]:
            said = json.loads(face["parameters"])
            if name == "stranger.png":
                assert (face["method"], face["steps"]) == ("mask", 2)
                continue
            assert (face["method"], face["steps"], said["k"]) == ("k_same", 1, 3)
            assert said["surrogate_sha256"] == digests[held[row["image_id"]]]
            shown.setdefault(said["surrogate_sha256"], set()).add(who[row["image_id"]])
    assert sorted(map(len, shown.values())) == [3, 4]


def test_released_faces_warped_back_are_the_canvas(done: Path) -> None:
    """From the files in the lake, by the record's box and roll alone; exact but for resampling, and for JPEG."""
    canvases = {row["sha256"]: Surrogate.from_png(row["canvas"], 3, row["sha256"]) for row in table(done, "surrogates")}
    checked = 0
    for row in by_name(done).values():
        for face in row["faces"]:
            digest = json.loads(face["parameters"]).get("surrogate_sha256")
            if digest is None:
                continue
            x0, y0, x1, y1 = (face["box"][n] for n in ("x0", "y0", "x1", "y1"))
            roll = face["roll_degrees"] or 0.0
            matrix = placed(((x0 + x1) / 2, (y0 + y1) / 2), face_wh((x1 - x0, y1 - y0), roll)[0], roll)
            image = np.asarray(Image.open(io.BytesIO(row["content"])).convert("RGB"))
            back = cv2.warpAffine(image, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
            shown, meant = (
                cv2.resize(one, (32, 32), interpolation=cv2.INTER_AREA).astype(int)[11:21, 11:21]
                for one in (back, canvases[digest].canvas)
            )
            assert np.abs(shown - meant).mean() < 4
            checked += 1
    assert checked == len(FILES)


def test_a_second_run_changes_nothing(done: Path, tmp_path: Path) -> None:
    """Neither the vault's groups nor, then, any image."""
    lake = copied(done, tmp_path / "lake")
    before = {name: table(lake, name) for name in ("groups", "members", "surrogates")}
    versions, images = store(lake).tables.versions(), by_name(lake)
    assert grouped(lake, "--labels", labels(lake, tmp_path)) == DONE
    assert {name: table(lake, name) for name in before} == before
    assert store(lake).tables.versions() == versions
    assert anonymize(done.parent / "photos", lake, "--policy", K_SAME) == DONE
    assert by_name(lake) == images


def test_new_people_make_new_groups_and_images_are_taken_again(made: Path, tmp_path: Path) -> None:
    """Three people first, four later: the first group is as it was, and the policy's digest moves with the ledger."""
    lake = copied(made / "lake", tmp_path / "lake")
    assert grouped(lake, "--labels", labels(lake, tmp_path, 3)) == DONE
    first = table(lake, "members")
    assert anonymize(made / "photos", lake, "--policy", K_SAME) == DONE
    early = {name: {face["method"] for face in row["faces"]} for name, row in by_name(lake).items()}
    assert {name for name, methods in early.items() if methods == {"k_same"}} == {n for n in FILES if int(n[1]) < 3}
    assert grouped(lake, "--labels", labels(lake, tmp_path)) == DONE
    later = table(lake, "members")
    assert all(row in later for row in first)
    assert len({row["group_id"] for row in later}) == 2
    assert len(store(lake).entries()) == 2
    assert anonymize(made / "photos", lake, "--policy", K_SAME) == DONE
    now = {name: {face["method"] for face in row["faces"]} for name, row in by_name(lake).items()}
    assert {name for name, methods in now.items() if methods == {"k_same"}} == set(FILES)


def test_one_person_makes_no_group(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recognizer says that all photos show the same face: fail closed."""
    lake = copied(made / "lake", tmp_path / "lake")
    assert grouped(lake, "--json") == DONE
    said = json.loads(capsys.readouterr().out)
    assert (said["people"]["people"], said["people"]["groups"], said["written"]["groups"]) == (1, 0, 0)
    assert store(lake).entries() == []


def test_originals_that_are_gone_or_changed_are_counted(made: Path, tmp_path: Path, capsys: Any) -> None:
    """They take no part, and the rest goes on."""
    shutil.copytree(made / "photos", tmp_path / "photos")
    assert anonymize(tmp_path / "photos", tmp_path / "lake", "--policy", K_SAME) == DONE
    (tmp_path / "photos" / "p0-1.png").unlink()
    write(tmp_path / "photos", {"p1-1.png": photo(2, 7)})
    capsys.readouterr()
    assert grouped(tmp_path / "lake", "--json", "--labels", labels(tmp_path / "lake", tmp_path)) == DONE
    said = json.loads(capsys.readouterr().out)
    assert said["faces"] == {"read": len(FILES) - 1, "gone": 1, "changed": 1}
    assert said["people"]["grouped"] == PEOPLE


@pytest.mark.parametrize("name", ["members", "surrogates", "groups"])
def test_groups_changed_by_hand_are_refused(done: Path, tmp_path: Path, name: str) -> None:
    """Neither command goes on with a face, a canvas or an entry that the ledger does not vouch for."""
    lake = copied(done, tmp_path / "lake")
    tables = store(lake).tables
    rows = tables.query(f'SELECT * FROM "{name}" LIMIT 1')  # noqa: S608 - a name of ours
    if name == "groups":
        number = rows.schema.get_field_index("entry")
        rows = rows.set_column(number, rows.schema.field(number), [[2]])
    write_deltalake(tables.open(name), rows, mode="append")
    assert grouped(lake) == FAILED
    assert anonymize(done.parent / "photos", lake, "--policy", K_SAME) == FAILED


def test_a_lake_without_groups_masks_every_face(made: Path) -> None:
    """The policy works before anybody was grouped, and shows nobody."""
    faces = [face for row in by_name(made / "lake").values() for face in row["faces"]]
    assert {(face["method"], face["steps"]) for face in faces} == {("mask", 2)}
    assert faces
