"""Manifests: text, CSV and Parquet lists of images."""

import os
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymizer_udfs.errors import SourceError
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.sources import Reader, SourceSpec, Storage, list_source
from tests.unit.sources.cases import endings, listed


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with three images."""
    for name in ("a.jpg", "b c.jpg", "100%25.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def outcomes(path: Path) -> list[bytes | Reason]:
    """Return what reading each listed image gives."""
    return [found for _, found in Reader(Storage(), 1000, delays_s=()).read_ahead(listed(path), 2, 10**4)]


def test_every_line_is_an_entry(root: Path) -> None:
    """Missing, malformed, over-long and foreign names are entries that end as unreadable; none is lost."""
    lines = ["\ufeffa.jpg", "none.jpg", "x" * 10_000, "s3://", "nosuch://x/y", "file://host/x", "\0.jpg", "b c.jpg  "]
    (root / "m.lst").write_text("\r\n".join(lines), encoding="utf-8")
    assert outcomes(root / "m.lst") == [b"a.jpg", *[Reason.UNREADABLE] * 6, b"b c.jpg"]


def test_long_lines_that_lead_somewhere(root: Path) -> None:
    """A name of 10,000 characters is looked up like any other: here it leads through the folder again and again."""
    (root / "d").mkdir()
    (root / "m.txt").write_text("d/../" * 2000 + "a.jpg\n" + f"{root}/" + "./" * 5000 + "b c.jpg")
    assert outcomes(root / "m.txt") == [b"a.jpg", b"b c.jpg"]


def test_one_image_in_many_spellings_is_listed_once(root: Path) -> None:
    """The same image by path, URI and relative name is one entry, where it came first."""
    lines = ["b c.jpg", f"{root}/b c.jpg", f"file://{root}/b%20c.jpg", f"file:{root}//b c.jpg", "./b c.jpg", "a.jpg"]
    (root / "m.txt").write_text("\n".join(lines))
    assert endings(listed(root / "m.txt"), f"file://{root}") == ["b%20c.jpg", "a.jpg"]


def test_percent_signs(root: Path) -> None:
    """A relative name is literal; a URI is decoded, and taken literally where that leads nowhere."""
    (root / "m.txt").write_text(f"100%25.jpg\nfile://{root}/b%20c.jpg\n")
    assert outcomes(root / "m.txt") == [b"100%25.jpg", b"b c.jpg"]
    (root / "m.txt").write_text(f"file://{root}/100%25.jpg\n")
    assert outcomes(root / "m.txt") == [b"100%25.jpg"]


def test_names_that_are_no_utf8(root: Path) -> None:
    """The bytes of a local name in a text manifest lead to it, whatever its encoding."""
    Path(os.fsdecode(os.fsencode(root) + b"/\xe9.jpg")).write_bytes(b"latin")
    (root / "m.txt").write_bytes(b"\xe9.jpg\n")
    assert outcomes(root / "m.txt") == [b"latin"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", 0, id="empty"),
        pytest.param("uri\n", 0, id="header-only"),
        pytest.param("label,URL\nx,a.jpg\ny,\nz\n", 1, id="column-url"),
        pytest.param("filename,label\na.jpg,x\n\n", 1, id="first-column"),
        pytest.param('a.jpg,1\n"b c.jpg",2\n', 2, id="no-header"),
        pytest.param('path\r\n"a.jpg"\r\nb c.jpg\r\n', 2, id="windows-lines"),
        pytest.param(f"note,path\n{'n' * 200_000},a.jpg\n", 1, id="long-fields"),
    ],
)
def test_csv(root: Path, text: str, expected: int) -> None:
    """The column is found by its name, or is the first, with or without a header."""
    (root / "m.csv").write_bytes(text.encode())
    assert outcomes(root / "m.csv") == [b"a.jpg", b"b c.jpg"][:expected]


@pytest.mark.parametrize("name", ["m.txt", "m.csv"])
def test_a_line_without_end(root: Path, name: str) -> None:
    """A gigabyte without a line's end is refused before it is in memory."""
    with (root / name).open("wb") as stream:
        stream.truncate(1 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="above 16 million characters"):
            listed(root / name)
        assert tracemalloc.get_traced_memory()[1] < 256 << 20
    finally:
        tracemalloc.stop()


def test_folders_in_a_manifest(root: Path) -> None:
    """A folder that a line names stands for its files, and what is excluded stays out."""
    (root / "sub").mkdir()
    (root / "sub/x.jpg").write_bytes(b"x")
    (root / "m.txt").write_text("sub\nsub/x.jpg\na.jpg\n")
    assert outcomes(root / "m.txt") == [b"x", b"a.jpg"]
    spec = SourceSpec(f"{root}/m.txt", exclude=(f"{root}/a.jpg",))
    assert endings(list_source(spec), f"file://{root}") == ["sub/x.jpg"]


def test_parquet_manifests(root: Path) -> None:
    """A Parquet file or a folder of them, as Spark writes it, without images but with names is a manifest."""
    (root / "spark").mkdir()
    (root / "spark/_SUCCESS").touch()
    pq.write_table(pa.table({"n": [1, 2], "path": [f"{root}/a.jpg", None]}), root / "spark/part-0.parquet")
    assert outcomes(root / "spark") == outcomes(root / "spark/part-0.parquet") == [b"a.jpg"]
    pq.write_table(pa.table({"n": [1]}), root / "m.parquet")
    with pytest.raises(SourceError, match=r"columns: n \(binary: none\)"):
        listed(root / "m.parquet")
