"""Where figures are kept: one JSON file a benchmark, with the kind of machine and nothing that tells whose or when."""

import json
import os
import platform
from pathlib import Path
from typing import Any

from benchmarks.command import ROOT

FOLDER = ROOT / "benchmarks" / "results"


def keep(folder: Path, name: str, figures: dict[str, Any], *, photos_given: bool = False) -> None:
    """Print figures and write them to ``FOLDER/NAME.json``."""
    about = {
        "photos": "a folder given" if photos_given else "drawn",
        "machine": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(about | figures, indent=2)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{name}\n{text}", flush=True)


def read(folder: Path, name: str) -> dict[str, Any] | None:
    """Return what was kept under a name; ``None`` where nothing was."""
    file = folder / f"{name}.json"
    found: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found
