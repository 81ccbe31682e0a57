"""What is wrong with the environment stops a run before anything is half written, with a line that says what to do.

Times, time zones and names that no one expects are no fault: they work.
"""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.anonymizing import (
    DONE,
    FAILED,
    ONE_LOOK,
    QUIET,
    anonymize,
    comparable,
    events,
    key_file,
    names,
    rows,
)
from tests.support.pictures import place, write

ROOT = Path(__file__).resolve().parents[2]
SOAK = os.environ.get("FACEVEIL_SOAK") == "1"
SPACE_MB, COUNT = 6, 16
"""Pictures of 8.6 MB in eight batches, which are cut by ids: none of them alone can fill it, and all of them do."""


def noise(number: int) -> bytes:
    """Return a picture that no codec makes smaller: about half a megabyte."""
    out = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (425, 425, 3), np.uint8)
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def can_mount() -> bool:
    """Return whether this user may make a small file system of his own."""
    if shutil.which("unshare") is None:
        return False
    line = ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"]
    return subprocess.run(line, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="a disk that can be filled needs user namespaces: unshare -Urm")
def test_a_full_disk(tmp_path: Path) -> None:
    """The lake's disk is full before the second batch is: one line, the first batch whole, and it goes on elsewhere."""
    source, disk, kept = tmp_path / "in", tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    write(source, {f"{number}.png": noise(number) for number in range(COUNT)})
    options = ("--key-file", key_file(tmp_path), "--policy", str(ONE_LOOK), "--set", "batches.images=2")
    small = ("--set", "batches.task_images=2", "--vault", str(tmp_path / "kept.vault"), *QUIET)
    line = [sys.executable, "-m", "jobs.anonymize", str(source), str(disk / "lake"), *options, *small]
    # The file system is gone with the process that mounted it, so that what is on it is copied out before.
    script = f'mount -t tmpfs -o size={SPACE_MB}m none "$0" && "$@"; code=$?; cp -r "$0/lake" "{kept}"; exit $code'
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, str(disk), *line],
        capture_output=True,
        text=True,
        check=False,
        timeout=540,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == FAILED, done.stderr
    assert "no space left" in done.stderr
    assert "run the same command again" in done.stderr
    # Spark's own daemon may print a trace of a worker that was ended with its stage; none is of our code.
    assert not any(f'File "{ROOT / name}' in done.stderr for name in ("jobs", "anonymizer_udfs"))
    assert done.stderr.rstrip().splitlines()[-1].startswith("faceveil anonymize: a disk is full")
    before = {row["image_id"]: row["output_sha256"] for row in rows(kept)}
    assert 0 < len(before) < COUNT
    assert anonymize(source, kept, *options, *small) == DONE
    after = {row["image_id"]: row["output_sha256"] for row in rows(kept)}
    assert len(after) == COUNT
    assert before.items() <= after.items()


def test_a_vault_that_cannot_be_reached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No lake is begun: what maps ids back to names comes first."""
    source = write(tmp_path / "in", {"a.png": place()})
    blocked = write(tmp_path, {"file": b"not a folder"}) / "file" / "vault"
    assert anonymize(source, tmp_path / "lake", "--vault", str(blocked)) == FAILED
    said = capsys.readouterr().err
    assert "the vault cannot be written" in said
    assert not (tmp_path / "lake").exists()


def test_another_key_than_the_lake_s(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Under another key all images would be new: refused, naming both keys by their ids, and nothing is written."""
    source, lake = write(tmp_path / "in", {"a.png": place()}), tmp_path / "lake"
    assert anonymize(source, lake) == DONE
    before, told = comparable(lake), len(events(lake))
    assert anonymize(source, lake, "--key-file", key_file(tmp_path)) == FAILED
    assert "give that key, or another lake" in capsys.readouterr().err
    assert (comparable(lake), len(events(lake))) == (before, told)


def test_times_and_names_that_nobody_expects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 1970 and after 2100, names that are no UTF-8, of 255 bytes, with newlines, paths of 1,000 characters."""
    source, lake = tmp_path / "in", tmp_path / "lake"
    deep = "/".join(["d" * 200] * 5)
    wanted = {
        b"\xff\xfe not utf-8 \x80.png": -86_400,
        b"two\nlines.png": 4_200_000_000,
        b"n" * 251 + b".png": 0,
        f"{deep}/{'p' * 40}.png".encode(): 1,
        b" % #?!&=+;'\"\\.png": 1_700_000_000,
    }
    for number, (name, when) in enumerate(wanted.items()):
        path = os.path.join(os.fsencode(source), name)  # noqa: PTH118 - Path has no bytes
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - the same
        with open(path, "wb") as file:  # noqa: PTH123 - the same
            file.write(place(number))
        os.utime(path, (when, when))
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    assert anonymize(source, lake) == DONE
    found = {os.fsencode(name.removeprefix(f"file://{source}/")) for name in names(lake).values()}
    assert found == set(wanted)
    assert {row["status"] for row in rows(lake)} == {"clean"}
    before = comparable(lake)
    monkeypatch.setenv("TZ", "America/St_Johns")
    assert anonymize(source, lake) == DONE
    assert comparable(lake) == before


MOST_LINKS = 60_000
"""To one file: ext4 allows 65,000."""


@pytest.mark.skipif(not SOAK, reason="minutes: FACEVEIL_SOAK=1")
def test_200_000_files_in_one_folder(tmp_path: Path) -> None:
    """All are listed and planned, and a sample of them is processed."""
    source, content = tmp_path / "in", place()
    source.mkdir()
    for number in range(0, 200_000, MOST_LINKS):
        first = source / f"{number}.png"
        first.write_bytes(content)
        for other in range(number + 1, min(200_000, number + MOST_LINKS)):
            os.link(first, source / f"{other}.png")
    assert anonymize(source, tmp_path / "lake", "--limit", "20") == DONE
    assert len(rows(tmp_path / "lake")) == 20
