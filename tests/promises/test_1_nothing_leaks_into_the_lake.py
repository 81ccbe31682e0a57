"""Promise 1: no source path, file name, metadata, template or exception text is ever in the lake, MLflow or a log."""

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from anonymizer_udfs import recognition
from anonymizer_udfs.detection import CenterFace
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.models.cache import cache_dir
from jobs import policy
from jobs.lake import Lake
from schemas import IMAGES
from tests.support.anonymizing import DONE, HELD_BACK, QUIET, SMALL, rows
from tests.support.pictures import PORTRAIT, place, portrait, saved, write
from tests.support.processes import Process
from tests.support.searching import forms, readings_of, traces
from tests.unit.imaging.planted import PLANTED, SECRET, exif, tagged_profile

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "J\u00e1n\u0117 Zq7D\u00f6e"
FILE = "Zq7patient 4711"
SECRETS = (SECRET, FOLDER.encode(), FILE.encode(), b"Zq7archive", b"Zq7patient")
"""What is planted: in names of the archive, a folder and files, and in every place that a format has for text."""


def archive(folder: Path) -> Path:
    """Write an archive with secrets wherever there is room for one; half of it is damaged."""
    planted = {f"{FILE} {kind}.bin": make() for kind, make in PLANTED.items()}
    face = saved(PORTRAIT, "JPEG", quality=92, exif=exif(1), icc_profile=tagged_profile(), comment=SECRET)
    files = {
        **planted,
        f"{FILE} face.jpg": face + SECRET,
        f"{FILE} face.png": portrait(2, exif=exif(1)),
        f"{FILE} cut.jpg": face[:-400],
        f"{FILE} letter.pdf": b"%PDF-1.7\n" + SECRET,
        f"{FILE} empty.jpg": b"",
        f"{FILE} noise.png": b"\x89PNG\r\n\x1a\n" + SECRET * 9,
        "plain.png": place(),
    }
    write(folder / FOLDER, files)
    (folder / FOLDER / f"{FILE} gone.jpg").symlink_to(folder / f"{FILE} nowhere.jpg")
    return folder


@dataclass(frozen=True)
class Left:
    """What a run left behind.

    Attributes:
        archive: the source.
        work: all that the command wrote: ``lake``, MLflow's files, its working directory, ``said`` (both streams).
        vault: the one place that may know names.
        temporary: what is still in the temporary folders.
    """

    archive: Path
    work: Path
    vault: Path
    temporary: Path


def command(source: Path, lake: Path, vault: Path, *options: str) -> list[str]:
    """Return the command line, as a scheduler starts it."""
    return [sys.executable, "-m", "jobs.anonymize", str(source), str(lake), "--vault", str(vault), *options]


def environment(temporary: Path) -> dict[str, str]:
    """Return what makes Spark, Java and Python put temporary files where they can be searched."""
    temporary.mkdir(exist_ok=True)
    places = dict.fromkeys(("TMPDIR", "SPARK_LOCAL_DIRS"), str(temporary))
    java = f"-Djava.io.tmpdir={temporary}"
    return {**places, "JAVA_TOOL_OPTIONS": java, "PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": ""}


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """One run of the command with all its defaults, tracking and contact sheet among them."""
    root = tmp_path_factory.mktemp("leak")
    found = Left(root / "Zq7archive", root / "work", root / "vault", root / "tmp")
    cwd = found.work / "cwd"
    cwd.mkdir(parents=True)
    archive(found.archive)
    pattern = f"{found.archive}/{FOLDER}/{FILE}*"
    assert policy.main(["map", str(found.work / "lake"), pattern, "public", "--vault", str(found.vault)]) == DONE
    done = subprocess.run(
        command(found.archive, found.work / "lake", found.vault),
        capture_output=True,
        check=False,
        cwd=cwd,
        env=os.environ | environment(found.temporary),
        timeout=300,
    )
    assert done.returncode == HELD_BACK, done.stderr.decode()
    assert b"MLflow" in done.stdout
    (found.work / "said").write_bytes(done.stdout + done.stderr)
    return found


def test_the_search_is_quiet_on_nothing_and_loud_on_what_is_planted(left: Left, tmp_path: Path) -> None:
    """The search finds every secret where it is: in no empty folder, but in the source's names and files."""
    assert traces(tmp_path, SECRETS) == []
    for secret in SECRETS[:3]:
        assert traces(left.archive, [secret]), secret
    for form in forms(SECRET).values():
        write(tmp_path, {"one": b"\x00\x01" + form})
        assert traces(tmp_path, [SECRET])


def test_the_search_reads_what_is_packed(tmp_path: Path) -> None:
    """A secret in a compressed page of a Parquet file, and in a picture's compressed text, is found."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - only here is one written

    table = pa.table({"id": ["x"] * 50, "content": [PLANTED["png"]()] * 50})
    pq.write_table(table, tmp_path / "one.parquet", compression="gzip")
    assert SECRET not in (tmp_path / "one.parquet").read_bytes()
    found = traces(tmp_path, [SECRET])
    assert any("column content" in trace for trace in found)
    assert any("zlib" in trace for trace in found)


def test_no_secret_is_in_lake_mlflow_or_what_was_said(left: Left) -> None:
    """Every byte of tables, logs of tables, MLflow's database and sheet, standard output and error is free of them."""
    assert traces(left.work, SECRETS) == []
    made = {path.name for path in left.work.iterdir()}
    assert {"lake", "lake.mlflow", "lake.mlflow.db", "said"} <= made
    assert len(rows(left.work / "lake")) == len(list((left.archive / FOLDER).iterdir()))


def test_no_secret_is_left_in_temporary_folders(left: Left) -> None:
    """What Spark and Python left behind on the machine holds no name and no metadata."""
    assert traces(left.temporary, SECRETS) == []


def test_the_vault_alone_knows_names(left: Left) -> None:
    """The names are found in the vault, by the same search."""
    for secret in (FOLDER.encode(), FILE.encode(), b"Zq7archive"):
        assert traces(left.vault, [secret]), secret
    assert traces(left.vault, [SECRET]) == []


def test_nothing_of_exif_is_in_a_stored_image_but_its_orientation(left: Left) -> None:
    """Of what a reader finds in the stored files, only the orientation and a profile's numbers are left."""
    for row in rows(left.work / "lake"):
        if row["content"]:
            image = Image.open(io.BytesIO(row["content"]))
            tags = image.getexif()
            assert not tags.get_ifd(0x8825), "a position"
            if image.format != "TIFF":
                assert set(tags) <= {0x0112}


def test_no_template_is_in_the_lake(left: Left) -> None:
    """No column could hold a template, and the template of the planted face is nowhere, neither raw nor as text."""
    lists = [column.name for column in IMAGES.columns if _holds_numbers(column.type)]
    assert lists == []
    for template in _templates():
        words = [template.astype(kind).tobytes()[:24] for kind in ("<f4", "<f8")]
        words += [", ".join(map(repr, template[:3].tolist())).encode()]
        everything = [
            data for path in left.work.rglob("*") if path.is_file() for _, data in readings_of(path.read_bytes())
        ]
        assert not [word for word in words for data in everything if word in data]


def _holds_numbers(kind: pa.DataType) -> bool:
    """Return whether a type has a list of numbers anywhere in it."""
    if pa.types.is_list(kind) and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
        return True
    return any(_holds_numbers(kind.field(i).type) for i in range(kind.num_fields))


def _templates() -> list[np.ndarray]:
    runtime = Runtime((str(cache_dir()),))
    pixels = [PORTRAIT, cv2.imdecode(np.frombuffer(portrait(2), np.uint8), cv2.IMREAD_COLOR_RGB)]
    found = CenterFace().detect(pixels, runtime)
    who = recognition.build("dlib_resnet")
    made = [who.embed(p, f.landmarks, "centerface", runtime) for p, f in zip(pixels, found, strict=True)]
    assert all(len(templates) == 1 for templates in made)
    return [templates[0] for templates in made]


def test_a_killed_run_leaves_no_name_either(left: Left, tmp_path: Path) -> None:
    """When driver and workers are killed in the middle, what lies in temporary folders cannot be read."""
    temporary = tmp_path / "tmp"
    lake, vault = tmp_path / "lake", tmp_path / "vault"
    process = Process(
        "anonymize",
        command(left.archive, lake, vault, *QUIET, *SMALL),
        tmp_path / "said",
        environment(temporary),
    )
    try:
        process.wait_until((vault / "work" / "_delta_log" / f"{1:020}.json").exists, 120)
    finally:
        process.kill()
    assert traces(temporary, SECRETS) == []
    assert traces(lake, SECRETS) == []
    assert any(path.is_file() for path in temporary.rglob("*")), "nothing was left, so nothing was searched"
    assert Lake(str(lake)).tables.exist()
    assert traces(vault, [FILE.encode()])
    assert not names_in(tmp_path / "said")


def names_in(said: Path) -> list[str]:
    """Return which secrets are in a file of output."""
    return [repr(secret) for secret in SECRETS if secret in said.read_bytes()]
