"""Search every byte of what a job left behind, in every reading in which a secret could hide there."""

import base64
import bz2
import contextlib
import io
import json
import lzma
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

_FRAMES = {b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4"}
_OTHERS: dict[bytes, Callable[[], Any]] = {b"BZh": bz2.BZ2Decompressor, b"\xfd7zXZ\0": lzma.LZMADecompressor}
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_GZIP = b"\x1f\x8b\x08"
_MEMBER = b"PK\x03\x04"
_SPARK_BLOCK, _SPARK_HEAD = b"LZ4Block", 21
_SQLITE = b"SQLite format 3\0"
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{36,}={0,2}")
_LEAST = 6
_MOST_BYTES = 64 << 20
"""Of one stream: what unpacks to more holds its secret before that, or is a bomb."""
_DEEPEST = 3


def forms(secret: bytes) -> dict[str, bytes]:
    """Return the spellings of a secret that are looked for: plain, UTF-16, hexadecimal, escaped, base64."""
    text = secret.decode("utf-8", "surrogateescape")
    found = {
        "plain": secret,
        "utf-16-le": text.encode("utf-16-le", "surrogatepass"),
        "utf-16-be": text.encode("utf-16-be", "surrogatepass"),
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "percent": quote(secret).encode(),
        "escaped": text.encode("unicode_escape"),
        "json": json.dumps(text)[1:-1].encode(),
    }
    for name in ("plain", "utf-16-le"):
        for shift in range(3):
            # What precedes the secret moves it against the groups of three bytes; the edges belong to its neighbours.
            whole = base64.b64encode(bytes(shift) + found[name])
            found[f"base64 of {name}+{shift}"] = whole[4 if shift else 0 : -4]
    return {name: word for name, word in found.items() if len(word) >= _LEAST}


def traces(folder: Path, secrets: Iterable[bytes]) -> list[str]:
    """Return where in a folder a secret is found: in a file's name, its bytes, or what they unpack to."""
    wanted = [(f"{name} of {number}", word) for number, one in enumerate(secrets) for name, word in forms(one).items()]
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        readings = [("its name", str(name).encode("utf-8", "surrogateescape"))]
        if path.is_file():
            readings += readings_of(path.read_bytes())
        found += [f"{name}: {what} in {how}" for how, data in readings for what, word in wanted if word in data]
    return found


def readings_of(data: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of a file, and of all that is packed in them, packed again or not: how it was found, and what."""
    yield "its bytes", data
    if depth >= _DEEPEST:
        return
    for how, inner in _unpacked(data):
        for deeper, found in readings_of(inner, depth + 1):
            yield (how if deeper == "its bytes" else f"{how}, {deeper}"), found


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what is packed in some bytes, one level of it."""
    if data[:4] == b"PAR1":
        yield from _columns(data)
        return
    if data.startswith(_SQLITE):
        yield "its tables", _tables(data)
    yield from _streams(data)
    yield from _frames(data)
    yield from _spark_blocks(data)
    for found in _BASE64.finditer(data):
        word = found[0].rstrip(b"=")
        with contextlib.suppress(ValueError):
            yield f"base64 at {found.start()}", base64.b64decode(word[: len(word) // 4 * 4])


def _columns(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield every column of a Parquet file as it is once its pages are unpacked, and each binary value of its own."""
    file = pq.ParquetFile(io.BytesIO(data))
    yield "parquet footer", repr((file.metadata.metadata, file.schema_arrow)).encode()
    for name, column in zip(file.schema_arrow.names, file.read().columns, strict=True):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, pa.schema([pa.field(name, column.type)])) as writer:
            writer.write_table(pa.table({name: column}))
        yield f"column {name}", sink.getvalue().to_pybytes()
        for value in _binaries(column.combine_chunks()):
            yield f"a value of column {name}", value


def _binaries(array: pa.Array) -> Iterator[bytes]:
    """Yield the binary values of a column, however deep in lists and structs they are."""
    if isinstance(array, pa.ChunkedArray):
        for chunk in array.chunks:
            yield from _binaries(chunk)
    elif pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        yield from filter(None, array.to_pylist())
    elif pa.types.is_struct(array.type):
        for part in array.flatten():
            yield from _binaries(part)
    elif pa.types.is_map(array.type):
        yield from _binaries(array.items)
    elif pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        yield from _binaries(array.flatten())


def _tables(data: bytes) -> bytes:
    """Return the values of a SQLite file, each in one piece: a long one is cut where it goes over a page's end."""
    database = sqlite3.connect(":memory:")
    with contextlib.closing(database):
        database.deserialize(data)
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for name in names for row in database.execute(f'SELECT * FROM "{name}"')]  # noqa: S608 - its own names
    values = [value for row in rows for value in row if value is not None]
    return b"\0".join(one if isinstance(one, bytes) else str(one).encode("utf-8", "surrogateescape") for one in values)


def places(data: bytes, word: bytes) -> Iterator[int]:
    """Yield where a word begins."""
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + 1)


def _streams(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what each deflate stream in the bytes unpacks to: of PNG, TIFF, PDF; of gzip; of zip members."""
    starts = [(at, zlib.MAX_WBITS, "zlib") for word in _ZLIB for at in places(data, word)]
    starts += [(at, zlib.MAX_WBITS | 16, "gzip") for at in places(data, _GZIP)]
    for at in places(data, _MEMBER):
        names = int.from_bytes(data[at + 26 : at + 28], "little") + int.from_bytes(data[at + 28 : at + 30], "little")
        starts.append((at + 30 + names, -zlib.MAX_WBITS, "zip member"))
    view = memoryview(data)
    for at, bits, how in starts:
        unpacked = b""
        with contextlib.suppress(zlib.error):
            unpacked = zlib.decompressobj(bits).decompress(view[at:], _MOST_BYTES)
        if unpacked:
            yield f"{how} at {at}", unpacked


def _frames(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what each zstd, lz4, bzip2 or xz frame in the bytes unpacks to, as far as it is whole."""
    for magic, opener in _OTHERS.items():
        for at in places(data, magic):
            with contextlib.suppress(OSError, lzma.LZMAError):
                yield f"{opener.__name__} at {at}", opener().decompress(data[at:], _MOST_BYTES)
    for magic, codec in _FRAMES.items():
        for at in places(data, magic):
            out, whole = [], False
            with contextlib.suppress(OSError, pa.ArrowException):
                stream = pa.CompressedInputStream(pa.py_buffer(memoryview(data)[at:]), codec)
                while len(out) < _MOST_BYTES >> 16 and (piece := stream.read(1 << 16)):
                    out.append(piece)
                whole = not stream.read(1)
            if out:
                yield f"{codec} at {at}", b"".join(out)
            if out and whole:
                break  # all to the end is frames, one after the other, and these are read: a log has a hundred


def _spark_blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the blocks that Spark's own lz4 stream is made of: shuffle files, broadcasts, compressed event logs."""
    for at in places(data, _SPARK_BLOCK):
        head = data[at + 8 : at + _SPARK_HEAD]
        if len(head) < _SPARK_HEAD - 8:
            continue
        packed, whole = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:9], "little")
        body = data[at + _SPARK_HEAD : at + _SPARK_HEAD + packed]
        if head[0] & 0xF0 == 0x10:
            yield f"spark block at {at}", body
        elif 0 < whole <= _MOST_BYTES:
            with contextlib.suppress(OSError, pa.ArrowException):
                yield f"spark block at {at}", pa.Codec("lz4_raw").decompress(body, whole).to_pybytes()
