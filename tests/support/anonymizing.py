"""Run the job as its command does, in this process, and read what it wrote without Spark."""

import base64
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources.base import Storage
from jobs import anonymize as job
from jobs.lake import Lake
from jobs.vault import Vault

ONE_LOOK = Path(__file__).with_name("one_look.yaml")
DONE, FAILED, BAD_ARGUMENTS, HELD_BACK = range(4)
QUIET = ("--set", "tracking.enabled=false")
"""Without MLflow, whose start costs seconds."""
SMALL = ("--set", "batches.task_images=1", "--set", "batches.images=2")
"""Many small commits of many small tasks."""

SECRET = bytes(range(32))
KEY = Key(SECRET)
PER_RUN = ("run_id", "processed_at", "duration_ms")
"""The columns in which two runs over one source may differ."""


def key_file(folder: Path, secret: bytes = SECRET) -> str:
    """Write a key file and return its path."""
    path = folder / "test.key"
    path.write_bytes(base64.b64encode(secret) + b"\n")
    return str(path)


def anonymize(source: Path | str, lake: Path, *options: str) -> int:
    """Run the job without MLflow and return its exit code; one JVM serves the whole process.

    One cheap look a picture, unless the options name a policy: what most tests ask is not how faces are found, and the
    default looks at everything from all sides, again and again.
    """
    policy = () if "--policy" in options else ("--policy", str(ONE_LOOK))
    return job.main([str(source), str(lake), *QUIET, *policy, *options])


def rows(lake: Path) -> list[dict[str, Any]]:
    """Return the rows of ``images`` in order of their ids."""
    return list(Lake(str(lake)).tables.query("SELECT * FROM images ORDER BY image_id").to_pylist())


def comparable(lake: Path) -> list[dict[str, Any]]:
    """Return the rows of ``images`` without what differs from run to run."""
    return [{name: value for name, value in row.items() if name not in PER_RUN} for row in rows(lake)]


def outputs(lake: Path) -> dict[str, str | None]:
    """Return image id to the digest of what is stored."""
    return {row["image_id"]: row["output_sha256"] for row in rows(lake)}


def names(lake: Path) -> dict[str, str]:
    """Return image id to source URI, decoded, as the vault beside the lake knows them."""
    found = Vault(f"{lake}.vault", Storage()).tables.query("SELECT image_id, uri FROM sources").to_pylist()
    return {row["image_id"]: unquote(row["uri"], errors="surrogateescape") for row in found}


def by_name(lake: Path) -> dict[str, dict[str, Any]]:
    """Return the last part of each source's name to its row."""
    known = names(lake)
    return {known[row["image_id"]].rpartition("/")[2]: row for row in rows(lake)}


def ends(lake: Path) -> dict[str, tuple[str, str | None]]:
    """Return the last part of each source's name to how it ended: status and reason."""
    return {name: (row["status"], row["reason"]) for name, row in by_name(lake).items()}


def events(lake: Path) -> list[dict[str, Any]]:
    """Return the ledger's events, its chain verified."""
    ledger = Lake(str(lake)).ledger
    ledger.verify()
    return ledger.events()


def version(lake: Path) -> int:
    """Return the Delta version of ``images``."""
    return int(Lake(str(lake)).tables.open("images").version())


def copied(lake: Path, to: Path) -> Path:
    """Return a copy of a lake and the vault beside it, for a test that changes it."""
    for end in ("", ".vault"):
        shutil.copytree(f"{lake}{end}", f"{to}{end}")
    return to
