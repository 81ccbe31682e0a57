"""Every kind of source, made from the same images."""

import csv
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from anonymizer_udfs.sources import Entry, SourceSpec, list_source

IMAGES = {
    "a b.jpg": b"one" * 900,
    "e\u0301t\u00e9 #1!.png": b"two",
    "sub/100%.webp": bytes(range(256)) * 40,
    "sub/deep/x.tiff": b"four" * 7,
}
Images = dict[str, bytes]
MTIME_S = 1_500_000_000


def folder(root: Path, images: Images) -> SourceSpec:
    """Write plain files."""
    base = root / "photos"
    base.mkdir(exist_ok=True)
    for name, content in images.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return SourceSpec(str(base))


def everything(root: Path, images: Images) -> SourceSpec:
    """Write plain files and name them by a glob."""
    return SourceSpec(f"{folder(root, images).uri}/**")


def tar(root: Path, images: Images) -> SourceSpec:
    """Write a tar archive."""
    with tarfile.open(root / "album.tar", "w") as archive:
        for name, content in images.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), MTIME_S
            archive.addfile(member, io.BytesIO(content))
    return SourceSpec(str(root / "album.tar"))


def zipped(method: int) -> Callable[[Path, Images], SourceSpec]:
    """Return what writes a zip archive with one compression method."""

    def write(root: Path, images: Images) -> SourceSpec:
        with zipfile.ZipFile(root / "album.zip", "w", method) as archive:
            for name, content in images.items():
                archive.writestr(name, content)
        return SourceSpec(str(root / "album.zip"))

    return write


def parquet_file(root: Path, images: Images) -> SourceSpec:
    """Write one Parquet file in row groups of two, with an id column."""
    rows = pa.table(
        {"name": pa.array(list(images), pa.string()), "image": pa.array(list(images.values()), pa.binary())}
    )
    pq.write_table(rows, root / "images.parquet", row_group_size=2)
    return SourceSpec(str(root / "images.parquet"), id_column="name")


def parquet_folder(root: Path, images: Images) -> SourceSpec:
    """Write a folder of Parquet files as Spark does, without ids."""
    base = root / "table"
    base.mkdir(exist_ok=True)
    (base / "_SUCCESS").touch()
    rows = pa.table({"image": pa.array(list(images.values()), pa.binary())})
    pq.write_table(rows.slice(0, 3), base / "part-0.parquet")
    pq.write_table(rows.slice(3), base / "part-1.parquet")
    return SourceSpec(str(base))


def struct_column(root: Path, images: Images) -> SourceSpec:
    """Write images as data sets of machine learning do: a struct of bytes and path, beside another binary column."""
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = [{"bytes": content, "path": name} for name, content in images.items()]
    other = pa.array([b"thumb"] * len(rows), pa.binary())
    pq.write_table(pa.table({"image": pa.array(rows, kind), "thumb": other}), root / "train.parquet")
    return SourceSpec(str(root / "train.parquet"), content_column="image.bytes", id_column="image.path")


def delta(root: Path, images: Images) -> SourceSpec:
    """Write a partitioned Delta table under a name with a space, the second half in a second version."""
    import deltalake  # noqa: PLC0415  # only the tests of one kind need it

    names, base = list(images), root / "delta table"
    for part, mode in ((names[:2], "overwrite"), (names[2:], "append")):
        columns = {"name": pa.array(part, pa.string()), "image": pa.array([images[n] for n in part], pa.binary())}
        labels = pa.array(["50% & more"] * len(part), pa.string())
        deltalake.write_deltalake(base, pa.table(columns | {"label": labels}), mode=mode, partition_by=["label"])
    return SourceSpec(str(base), content_column="image", id_column="name")


def text_manifest(root: Path, images: Images) -> SourceSpec:
    """Write a list of relative names, with a comment, a blank line and a name twice."""
    folder(root, images)
    lines = ["# my album", "", *(f"photos/{name}" for name in images), f"./photos/{next(iter(images), 'none')}"]
    (root / "list.txt").write_text("\n".join(lines[: len(images) + 2] if not images else lines), encoding="utf-8")
    return SourceSpec(str(root / "list.txt"))


def csv_manifest(root: Path, images: Images) -> SourceSpec:
    """Write a CSV with absolute file URIs in a column of its own."""
    base = folder(root, images).uri
    with (root / "list.csv").open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerows([["label", "Path"], *([f"a, {i}", f"{base}/{name}"] for i, name in enumerate(images))])
    return SourceSpec(str(root / "list.csv"))


def parquet_manifest(root: Path, images: Images) -> SourceSpec:
    """Write a Parquet file of paths."""
    base = folder(root, images).uri
    pq.write_table(pa.table({"url": pa.array([f"{base}/{n}" for n in images], pa.string())}), root / "list.parquet")
    return SourceSpec(str(root / "list.parquet"))


def memory(root: Path, images: Images) -> SourceSpec:
    """Write objects in a file system that only fsspec knows."""
    store = fsspec.filesystem("memory")
    base = f"memory:/{root}/photos"
    store.makedirs(base, exist_ok=True)
    for name, content in images.items():
        store.pipe(f"{base}/{name}", content)
    return SourceSpec(base)


KINDS: dict[str, Callable[[Path, Images], SourceSpec]] = {
    "folder": folder,
    "glob": everything,
    "tar": tar,
    "zip-stored": zipped(zipfile.ZIP_STORED),
    "zip-deflated": zipped(zipfile.ZIP_DEFLATED),
    "parquet-file": parquet_file,
    "parquet-folder": parquet_folder,
    "parquet-struct": struct_column,
    "delta": delta,
    "text-manifest": text_manifest,
    "csv-manifest": csv_manifest,
    "parquet-manifest": parquet_manifest,
    "memory": memory,
}


def listed(uri: Path | str, **more: str) -> list[Entry]:
    """Return the listing of a path or URI."""
    return list(list_source(SourceSpec(str(uri), **more)))  # type: ignore[arg-type]  # only column names are given


def endings(entries: Iterator[Entry] | list[Entry], folder_uri: str) -> list[str]:
    """Return the names after a folder's canonical URI."""
    return [entry.uri.removeprefix(folder_uri).lstrip("/") for entry in entries]
