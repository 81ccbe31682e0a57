"""What each finder found in each file, kept between runs; several processes may use one folder at a time."""

import hashlib
import json
import sqlite3
from pathlib import Path

import numpy as np

from benchmarks.recalls.finders import Finder, Found

_WAIT_SECONDS = 60


def digest_of(finder: Finder) -> str:
    """Return the key of all that a finder's answers depend on."""
    said = json.dumps(dict(finder.description), sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


class Store:
    """Answers by finder and file; a lost one is only found again, so nothing waits for the disk."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(folder / "found.sqlite", timeout=_WAIT_SECONDS, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=OFF")
        self._base.execute(
            "CREATE TABLE IF NOT EXISTS found (finder TEXT, file TEXT, rows BLOB, PRIMARY KEY (finder, file))"
        )

    def get(self, finder: str, file: str) -> Found | None:
        """Return an answer, or none if there is none yet."""
        row = self._base.execute("SELECT rows FROM found WHERE finder = ? AND file = ?", (finder, file)).fetchone()
        if row is None:
            return None
        rows = np.frombuffer(row[0], np.float32).reshape(-1, 5)
        return Found(rows[:, :4].copy(), rows[:, 4].copy())

    def put(self, finder: str, file: str, found: Found) -> None:
        """Keep an answer."""
        rows = np.concatenate([found.boxes_xyxy, found.scores[:, None]], 1).astype(np.float32)
        self._base.execute("INSERT OR REPLACE INTO found VALUES (?, ?, ?)", (finder, file, rows.tobytes()))
