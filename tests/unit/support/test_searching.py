"""The searches that say that nothing leaked find everything that is planted, and nothing where nothing is."""

import base64
import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.searching import forms, readings_of, traces
from tests.support.vectors import KINDS, like

SECRET = "J\u00e1n\u0117 Zq7D\u00f6e".encode()
NOISE = np.random.default_rng(0).bytes(5000)


def parquet(value: object, kind: pa.DataType, packing: str) -> bytes:
    """Return a Parquet file with a value in it once."""
    table = pa.table({"id": pa.array(range(9)), "held": pa.array([None] * 8 + [value], kind)})
    out = io.BytesIO()
    pq.write_table(table, out, compression=packing)
    return out.getvalue()


def framed(data: bytes, codec: str) -> bytes:
    """Return a stream of a codec."""
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, codec) as stream:
        stream.write(data)
    return out.getvalue().to_pybytes()


def database(data: bytes) -> bytes:
    """Return a SQLite file with a text that is longer than a page, the secret where it goes over the end."""
    made = sqlite3.connect(":memory:")
    made.execute("CREATE TABLE params (value TEXT)")
    for before in range(3900, 4100):
        made.execute("INSERT INTO params VALUES (?)", ("x" * before + data.decode() + "y" * 5000,))
    made.execute("DELETE FROM params WHERE rowid <> 150")
    return bytes(made.serialize())


def zipped(data: bytes) -> bytes:
    """Return a zip archive with one deflated member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a", data * 9)
    return out.getvalue()


def tarred(data: bytes) -> bytes:
    """Return a compressed tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as opened:
        one = tarfile.TarInfo("a")
        one.size = len(data)
        opened.addfile(one, io.BytesIO(data))
    return out.getvalue()


def spark_block(data: bytes) -> bytes:
    """Return a block as Spark's lz4 streams have them: name, how, packed and whole size, checksum."""
    packed = pa.Codec("lz4_raw").compress(data).to_pybytes()
    sizes = len(packed).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return b"LZ4Block" + b"\x26" + sizes + bytes(4) + packed


STRUCT = pa.struct([("deep", pa.list_(pa.binary()))])
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "as it is": bytes,
    "zlib, fast": lambda data: zlib.compress(data, 1),
    "zlib, small": lambda data: zlib.compress(data, 9),
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: framed(data, "zstd"),
    "lz4": lambda data: framed(data, "lz4"),
    "the last of many zstd frames": lambda data: framed(b"before ", "zstd") * 90 + framed(data, "zstd"),
    "zstd, after a frame and noise": lambda data: framed(b"before", "zstd") + NOISE + framed(data, "zstd"),
    "zstd within lz4": lambda data: framed(framed(data, "zstd"), "lz4"),
    "zip": zipped,
    "tar.gz": tarred,
    "sqlite": database,
    "spark's lz4": spark_block,
    "parquet, snappy": lambda data: parquet(data.decode(), pa.string(), "snappy"),
    "parquet, zstd, deflated": lambda data: parquet(zlib.compress(data), pa.binary(), "zstd"),
    "parquet, nested, deflated": lambda data: parquet({"deep": [zlib.compress(data)]}, STRUCT, "gzip"),
    "page with a deflated picture": lambda data: (
        b"<img src='data:x;base64," + base64.b64encode(zlib.compress(data * 9))
    ),
    "gzip in a zip": lambda data: zipped(gzip.compress(data)),
}


@pytest.mark.parametrize("form", forms(SECRET))
def test_every_spelling_is_found(form: str, tmp_path: Path) -> None:
    """Wherever it stands among other bytes."""
    (tmp_path / "one").write_bytes(NOISE + forms(SECRET)[form] + NOISE)
    assert traces(tmp_path, [SECRET])


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("before", [0, 1, 1001])
def test_every_packing_is_opened(name: str, before: int, tmp_path: Path) -> None:
    """At the start of a file, and but for whole files also after other bytes."""
    if before and name.startswith(("parquet", "sqlite")):
        before = 0
    (tmp_path / "one").write_bytes(NOISE[:before] + PACKED[name](SECRET * 3) + NOISE[: before // 2])
    assert traces(tmp_path, [SECRET]), name


def test_a_secret_is_found_in_a_name_and_in_json(tmp_path: Path) -> None:
    """A file's name is searched as well, and a log in JSON spells what is no ASCII with escapes."""
    (tmp_path / SECRET.decode()).touch()
    assert traces(tmp_path, [SECRET])
    assert any(word in json.dumps({"name": SECRET.decode()}).encode() for word in forms(SECRET).values())


def test_a_log_of_many_frames_is_read_once() -> None:
    """Each flush of a log is a frame: read from each one to the end it would be read as often as there are."""
    log = b"".join(framed(b"%d happened\n" % number, "zstd") for number in range(300))
    assert [how for how, _ in readings_of(log)] == ["its bytes", "zstd at 0"]


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    """Noise in every packing holds no secret, and no template."""
    for number, make in enumerate(PACKED.values()):
        (tmp_path / str(number)).write_bytes(make(b"nothing of the kind is in here " * 9))
    (tmp_path / "noise").write_bytes(np.random.default_rng(3).bytes(300_000))
    assert traces(tmp_path, [SECRET]) == []
    assert traces(tmp_path / "nowhere", [SECRET]) == []
    assert like(b"", [TEMPLATE]) == []
    assert like((tmp_path / "noise").read_bytes(), [TEMPLATE, *OTHERS]) == []


TEMPLATE = np.random.default_rng(1).normal(0, 0.1, 128)
OTHERS = np.random.default_rng(2).normal(0, 1, (3, 512))


@pytest.mark.parametrize("scale", [1.0, 1 / float(np.linalg.norm(TEMPLATE)), 7.5], ids=["raw", "normalised", "scaled"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_found_in_every_format(kind: str, scale: float) -> None:
    """At any offset among bytes that are no numbers."""
    planted = (TEMPLATE * scale).astype(kind).tobytes()
    for before in (0, 3, 2001):
        assert like(NOISE[:before] + planted + NOISE[:77], [TEMPLATE])
    assert like(NOISE + planted, [OTHERS[0]]) == []


def test_a_template_of_the_same_face_is_found() -> None:
    """It was made of another crop: alike, not equal."""
    near = TEMPLATE + np.random.default_rng(4).normal(0, 0.04, 128)
    assert like(NOISE[:9] + near.astype("<f4").tobytes(), [TEMPLATE])


@pytest.mark.parametrize(
    "text", [json.dumps(TEMPLATE.tolist()), "\n".join(f"{x:.3f}" for x in TEMPLATE), str(list(TEMPLATE))]
)
def test_a_template_is_found_as_text(text: str) -> None:
    """As JSON, a column of numbers, or what Python prints."""
    assert like(b"scores: " + text.encode() + b"]", [TEMPLATE])


def test_a_template_is_found_in_a_column() -> None:
    """A list of floats in a compressed Parquet file, among others."""
    file = parquet(TEMPLATE.tolist(), pa.list_(pa.float32()), "zstd")
    assert any(like(data, [TEMPLATE]) for _, data in readings_of(file))
