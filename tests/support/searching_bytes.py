"""Search every byte that a lake, its vault and its MLflow store hold, also inside Parquet files."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

RUN = 24
"""So many bytes in a row are no accident."""


def runs(content: bytes, every: int = 64) -> list[bytes]:
    """Return runs of a file's bytes, from its middle parts, that stand for it."""
    return [content[start : start + RUN] for start in range(every, len(content) - RUN, every)]


def holding(roots: Iterable[Path], words: Iterable[bytes]) -> list[Path]:
    """Return the files at or below some paths that hold one of some byte strings, packed or not."""
    wanted = list(words)
    return [file for file in _files(roots) if any(_holds(text, wanted) for text in _texts(file))]


def _files(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        yield from sorted(path for path in (root.rglob("*") if root.is_dir() else (root,)) if path.is_file())


def _texts(file: Path) -> Iterator[bytes]:
    raw = file.read_bytes()
    yield raw
    if raw[:4] == b"PAR1":
        out = io.BytesIO()
        table = pq.read_table(file)
        with pa.ipc.new_stream(out, table.schema) as stream:
            stream.write_table(table)
        yield out.getvalue()


def _holds(text: bytes, words: list[bytes]) -> bool:
    return any(word in text for word in words)
