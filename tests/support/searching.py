"""Search every byte of what a job left behind, in every reading in which a secret could hide there."""

import base64
import bz2
import contextlib
import gzip
import io
import lzma
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

_PACKED = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ": lzma.decompress}
_FRAMES = {b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4"}
_DEFLATE = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_LEAST = 6


def forms(secret: bytes) -> dict[str, bytes]:
    """Return the spellings of a secret that are looked for: plain, UTF-16, hexadecimal, percent-encoded, base64."""
    text = secret.decode("utf-8", "surrogateescape")
    found = {
        "plain": secret,
        "utf-16-le": text.encode("utf-16-le", "surrogatepass"),
        "utf-16-be": text.encode("utf-16-be", "surrogatepass"),
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "percent": quote(secret).encode(),
        "escaped": text.encode("unicode_escape"),
    }
    for shift in range(3):
        # What precedes the secret moves it against the groups of three bytes; the edges belong to its neighbours.
        whole = base64.b64encode(bytes(shift) + secret)
        found[f"base64+{shift}"] = whole[4 if shift else 0 : -4]
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


def readings_of(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of a file, and of all that is packed in them."""
    yield "its bytes", data
    if data[:4] == b"PAR1":
        yield from _columns(data)
        return
    for magic, unpack in _PACKED.items():
        if data.startswith(magic):
            yield from readings_of(unpack(data))
    for magic, codec in _FRAMES.items():
        if data.startswith(magic):
            yield codec, pa.CompressedInputStream(pa.py_buffer(data), codec).read()
    yield from _streams(data)


def _columns(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield every column of a Parquet file as it is once its pages are unpacked, and each binary value unpacked."""
    file = pq.ParquetFile(io.BytesIO(data))
    yield "parquet footer", repr((file.metadata.metadata, file.schema_arrow)).encode()
    for name, column in zip(file.schema_arrow.names, file.read().columns, strict=True):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, pa.schema([pa.field(name, column.type)])) as writer:
            writer.write_table(pa.table({name: column}))
        yield f"column {name}", sink.getvalue().to_pybytes()
        if pa.types.is_binary(column.type):
            for value in filter(None, column.to_pylist()):
                yield from _streams(value)


def _streams(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what each deflate stream in the bytes (of PNG, TIFF, PDF) unpacks to."""
    for start in _DEFLATE:
        at = data.find(start)
        while at >= 0:
            unpacked = b""
            with contextlib.suppress(zlib.error):
                unpacked = zlib.decompressobj().decompress(data[at:])
            if unpacked:
                yield f"deflate at {at}", unpacked
            at = data.find(start, at + 1)
