"""Promise 1: no source path, file name, metadata, template or exception text is ever in the lake, MLflow or a log."""

import base64
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
from jobs import policy, report
from jobs.lake import Lake
from schemas import IMAGES
from tests.hostile.judging import quoted
from tests.support.anonymizing import DONE, HELD_BACK, QUIET, SMALL, rows
from tests.support.pictures import PORTRAIT, place, portrait, saved, write
from tests.support.processes import Process
from tests.support.searching import forms, readings_of, traces
from tests.support.vectors import like
from tests.unit.imaging.phones import PHONES, is_hidden
from tests.unit.imaging.planted import PLANTED, SECRET, exif, tagged_profile

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "J\u00e1n\u0117 Zq7D\u00f6e"
FILE = "Zq7patient 4711"
SECRETS = (SECRET, FOLDER.encode(), FILE.encode(), b"Zq7archive", b"Zq7patient")
"""What is planted: in names of the archive, a folder and files, and in every place that a format has for text."""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "Zq7ACCESSenvironment",
    "AWS_SECRET_ACCESS_KEY": "Zq7SECRETenvironment",
    "FACEVEIL_TEST_TOKEN": "Zq7TOKENenvironment",
    "PGPASSWORD": "Zq7PASSWORDenvironment",
}
"""What a scheduler's environment holds beside the job."""
CREDENTIALS = tuple(value.encode() for value in ENVIRONMENT.values())
SPOKEN = (b"Description", b"Extension", b"extension")
"""Words of Spark's own events that formats use for themselves, too: XMP has a Description."""
EVENTS = ("spark.eventLog.enabled=true", "spark.eventLog.compress=true")


def archive(folder: Path) -> Path:
    """Write an archive with secrets wherever there is room for one; half of it is damaged."""
    planted = {f"{FILE} {kind}.bin": make() for kind, make in (PLANTED | PHONES).items()}
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
        work: all that the commands wrote: ``lake``, MLflow's files, its working directory, ``said`` (both streams),
            ``events`` (Spark's event log), ``report.html``.
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
    events = found.work / "events"
    events.mkdir()
    options = [*EVENTS, f"spark.eventLog.dir={events.as_uri()}"]
    pattern = f"{found.archive}/{FOLDER}/{FILE}*"
    assert policy.main(["map", str(found.work / "lake"), pattern, "public", "--vault", str(found.vault)]) == DONE
    done = subprocess.run(
        command(found.archive, found.work / "lake", found.vault, *(f"--set=spark.conf.{option}" for option in options)),
        capture_output=True,
        check=False,
        cwd=cwd,
        env=os.environ | environment(found.temporary) | ENVIRONMENT,
        timeout=560,
    )
    assert done.returncode == HELD_BACK, done.stderr.decode()
    assert b"MLflow" in done.stdout
    (found.work / "said").write_bytes(done.stdout + done.stderr)
    page = ["--out", str(found.work / "report.html"), "--markdown", str(found.work / "report.md")]
    assert report.main([str(found.work / "lake"), "--vault", str(found.vault), *page]) == DONE
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
    """Every byte of tables and their logs, MLflow, the report, Spark's events and both streams is free of them."""
    assert traces(left.work, (*SECRETS, *CREDENTIALS, *keys_in(left.vault))) == []
    made = {path.name for path in left.work.iterdir()}
    assert {"lake", "lake.mlflow", "lake.mlflow.db", "said", "events", "report.html"} <= made
    assert any("SparkListenerTaskEnd" in text for text in events_of(left)), "there are no events to search"
    assert len(rows(left.work / "lake")) == len(list((left.archive / FOLDER).iterdir()))


def keys_in(vault: Path) -> tuple[bytes, ...]:
    """Return the vault's key, as its file has it and as it is used."""
    text = (vault / "key").read_bytes().strip()
    return text, base64.b64decode(text)


def events_of(left: Left) -> list[str]:
    """Return Spark's event logs, unpacked."""
    files = [path for path in (left.work / "events").rglob("*") if path.is_file()]
    return [text.decode("utf-8", "replace") for path in files for _, text in readings_of(path.read_bytes())]


def test_no_credential_is_in_a_temporary_folder_or_the_vault(left: Left) -> None:
    """What the environment held is nowhere on a disk."""
    for folder in (left.temporary, left.vault):
        assert traces(folder, CREDENTIALS) == []


def test_no_log_quotes_an_image(left: Left) -> None:
    """No eight bytes of any image in a row are in what was said or in Spark's events, but for words of Spark."""
    sources = [path.read_bytes() for path in (left.archive / FOLDER).iterdir() if path.is_file()]
    logs = b"\n".join([(left.work / "said").read_bytes(), *(text.encode() for text in events_of(left))])
    assert len(sources) > len(PHONES)
    assert quoted(b"a decoder says: " + sources[0][200:260], sources)
    assert [one for one in quoted(logs, sources) if not any(one in word for word in SPOKEN)] == []


def test_clear_pixels_hold_nothing(left: Left) -> None:
    """Colours under full transparency are as gone as metadata, but for what a method drew; no pixels spell a secret."""
    stored = [row for row in rows(left.work / "lake") if row["content"]]
    assert is_hidden(PHONES["png-under-alpha"](), [])
    assert not any(is_hidden(row["content"], row["faces"]) for row in stored)
    words = list(forms(SECRET).values())
    assert not [word for row in stored for word in words if word in Image.open(io.BytesIO(row["content"])).tobytes()]


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
    """No column could hold a template, and no run of numbers anywhere is that of a planted face, in any format."""
    lists = [column.name for column in IMAGES.columns if _holds_numbers(column.type)]
    assert lists == []
    templates = _templates()
    assert like(b"beside it " + templates[0].astype(">f2").tobytes(), templates)
    files = [path for folder in (left.work, left.temporary) for path in folder.rglob("*") if path.is_file()]
    everything = {data for path in files for _, data in readings_of(path.read_bytes())}
    assert [how for data in everything for how in like(data, templates)] == []


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
