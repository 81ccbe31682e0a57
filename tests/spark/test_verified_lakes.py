"""What a run leaves behind for ``verify``, under keys that are rotated and destroyed: with real images and bytes."""

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from anonymizer_udfs.merkle import Fold
from jobs import keys, runkeys, sealing, verify
from jobs.keyring import IDS, NOISE
from jobs.lake import Lake, SparkLake
from jobs.vault import Vault
from tests.support import tampering
from tests.support.anonymizing import DONE, FAILED, HELD_BACK, anonymize, copied, events, outputs, rows
from tests.support.lakes import add_run, row
from tests.support.pictures import place, portrait, write

NOISY = """
name: noisy
plan: fast
detectors: [centerface]
bands: {sure: 0.5, unsure: 0.4}
second_look: null
thorough_share: 0.0
face:
  chain: [{name: pixelate, cells: 5, noise_ratio: 0.1}, {name: mask}]
  region_ratio: 1.3
panel: [dlib_resnet]
"""
FILES = {"one.png": portrait(1), "two.png": portrait(2), "place.png": place(), "cut.png": portrait(3)[:-300]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``photos``, a policy whose outputs depend on the noise, and a lake, made once."""
    root = tmp_path_factory.mktemp("verified")
    (root / "noisy.yaml").write_text(NOISY, encoding="utf-8")
    write(root / "photos", FILES)
    assert again(root, root / "lake") == HELD_BACK
    return root


def again(root: Path, lake: Path, photos: str = "photos") -> int:
    """Run the job over the photos."""
    return anonymize(root / photos, lake, "--policy", str(root / "noisy.yaml"))


def one(lake: Path, kind: str) -> str:
    """Return the id of the last key of a kind."""
    found = Vault(f"{lake}.vault", Lake(str(lake)).tables.storage).keyring.newest(kind)
    assert found is not None
    return found.key_id


def test_a_run_is_vouched_for_and_signed(made: Path) -> None:
    """Every row, every picture, every event; with keys of their own for ids, noise and signatures."""
    found = verify.run(Lake(str(made / "lake")))
    assert found.findings == ()
    assert (found.seen.rows, found.seen.held, found.seen.contents) == (4, 4, 3)
    assert found.chain.signed == found.chain.events == 2
    assert {one["key_id"] == one["noise_key_id"] for one in rows(made / "lake")} == {False}
    assert events(made / "lake")[-1]["images_root"] == found.trees.roots[0].root


def test_an_edit_of_a_file_that_spark_wrote_is_named(made: Path, tmp_path: Path) -> None:
    """As of any other."""
    lake = Lake(str(copied(made / "lake", tmp_path / "lake")))
    image_id = rows(made / "lake")[0]["image_id"]
    for number in range(len(tampering.files(lake))):

        def tamper(some: tampering.Rows) -> None:
            for each in some:
                each["width"] = 1 if each["image_id"] == image_id else each["width"]

        tampering.rewrite(lake, tamper, number=number)
    assert [found.image_ids for found in verify.run(lake).findings] == [(image_id,)]


def test_executors_hash_what_the_driver_hashes(spark: SparkSession, tmp_path: Path) -> None:
    """The same leaves in the same order, whatever the number of tasks; so the root is the same."""
    place_ = tmp_path / "lake"
    plain = Lake(str(place_))
    plain.create()
    many = [row(f"n{i}", None if i % 7 == 0 else b"x") for i in range(120)]
    add_run(plain, "run-1", many, finished=False)
    lake = SparkLake(str(place_), spark)
    here = [tuple(r.values()) for b in sealing.here(plain, "run-1", 120) for r in b.to_pylist()]
    for count in (120, 5 * sealing.FEW):
        there = [tuple(r.values()) for b in sealing.on_executors(lake, "run-1", count) for r in b.to_pylist()]
        assert there == here
    assert here == sorted(here)
    assert sealing.seal(lake, "run-1", 1).root == Fold(leaf for _, leaf in here).root().hex()


def test_after_a_rotation_new_images_have_new_noise_and_old_ids(made: Path, tmp_path: Path) -> None:
    """What was made stays as it is, ids stay joinable, and each row says which noise it has."""
    lake = copied(made / "lake", tmp_path / "lake")
    before = {each["image_id"]: each for each in rows(lake)}
    old = one(lake, NOISE)
    assert keys.main([str(lake), "rotate", "noise"]) == DONE
    shutil.copytree(made / "photos", tmp_path / "photos")
    shutil.copyfile(made / "photos" / "one.png", tmp_path / "photos" / "copy.png")
    shutil.copyfile(made / "noisy.yaml", tmp_path / "noisy.yaml")
    assert again(made, lake) == DONE  # nothing new: ids are as they were
    assert again(tmp_path, lake) == HELD_BACK
    after = {each["image_id"]: each for each in rows(lake)}
    assert {name: after[name] for name in before} == before
    new = [each for name, each in after.items() if name not in before]
    assert {each["noise_key_id"] for each in new} == {one(lake, NOISE)} != {old}
    digests = {each["output_sha256"] for each in before.values()} - {None}
    assert sum(each["output_sha256"] in digests for each in new) == 1  # the place, which has no face
    assert verify.run(Lake(str(lake))).findings == ()


def test_without_the_noise_key_nobody_makes_the_same_bytes_again(made: Path, tmp_path: Path) -> None:
    """The owner replays his own run, with all that the vault has: alike before the destruction, and never after it."""
    lake = copied(made / "lake", tmp_path / "lake")
    assert replayed(made, lake, tmp_path / "before") == outputs(lake)
    noise = Vault(f"{lake}.vault", Lake(str(lake)).tables.storage).keyring.secret(NOISE)
    assert keys.main([str(lake), "destroy", "noise", "--confirm", one(lake, NOISE)]) == DONE
    made_again = replayed(made, lake, tmp_path / "after")
    assert set(made_again) == set(outputs(lake))  # the ids' key is there
    with_face = [each["image_id"] for each in rows(lake) if any(face["method"] == "pixelate" for face in each["faces"])]
    assert len(with_face) == 2
    assert all(made_again[name] != outputs(lake)[name] for name in with_face)
    assert noise is not None
    assert not any(noise in path.read_bytes() for path in tmp_path.glob("lake.vault/**/*") if path.is_file())


def replayed(made: Path, lake: Path, to: Path) -> dict[str, str | None]:
    """Return what the owner's own code makes of the same photos with a copy of the vault, in a lake of its own."""
    shutil.copytree(f"{lake}.vault", f"{to}.vault")
    assert again(made, to) == HELD_BACK
    return outputs(to)


def test_without_the_key_of_the_ids_nothing_leads_back(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No run can tell which image is which, the vault names none, and what is in the lake still holds."""
    lake = copied(made / "lake", tmp_path / "lake")
    assert keys.main([str(lake), "destroy", "ids", "--confirm", one(lake, IDS)]) == DONE
    assert again(made, lake) == FAILED
    assert "was destroyed" in capsys.readouterr().err
    left = b"".join(path.read_bytes() for path in tmp_path.glob("lake.vault/**/*") if path.is_file())
    assert not any(name.encode() in left for name in FILES)
    assert verify.run(Lake(str(lake))).findings == ()
    assert runkeys.noise_of(events(lake)) == (True, one(lake, NOISE))
