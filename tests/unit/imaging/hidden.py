"""Files with a secret where their decoders do not look: inside of what holds the pixels, or right beside it."""

import struct
import zlib
from collections.abc import Callable

import numpy as np

from tests.unit.imaging.cases import CASES, COLOURS, FEW, GREY, RGB, TABLE, pillow
from tests.unit.imaging.planted import SECRET, tagged_profile
from tests.unit.imaging.structures import bmp_file, chunk, gif_file, packed, png_file, run_coded, tiff_file

_ROWS = b"".join(b"\0" + row.tobytes() for row in RGB)
_HEAD = (77, 101, 8, 2, 0)


def _png_after_stream() -> bytes:
    data = png_file(_HEAD, _ROWS)
    return data[:-12] + chunk(b"IDAT", SECRET) + data[-12:]


def _png_in_last_chunk() -> bytes:
    image = zlib.compress(_ROWS)
    data = png_file(_HEAD, _ROWS)
    return data[:33] + chunk(b"IDAT", image + SECRET) + data[-12:]


def _png_check_sum() -> bytes:
    data = png_file(_HEAD, _ROWS)
    return data[:-16] + SECRET[:4] + data[-12:]


def _png_name_of_profile() -> bytes:
    data = png_file(_HEAD, _ROWS)
    return data[:33] + chunk(b"iCCP", SECRET + b"\0\0" + zlib.compress(tagged_profile())) + data[33:]


def _png_spare_palette() -> bytes:
    rows = b"".join(b"\0" + packed(row[:, None] // 4, 4) for row in FEW)
    table = COLOURS[:30] + SECRET + b"\0\0"
    return png_file((77, 101, 4, 3, 0), rows, chunk(b"PLTE", table), chunk(b"tRNS", b"\xff" * 4 + SECRET))


def _png_clear_palette() -> bytes:
    rows = b"".join(b"\0" + packed(row[:, None], 4) for row in FEW)
    table = SECRET + b"\0\0" + COLOURS[12:]
    return png_file((77, 101, 4, 3, 0), rows, chunk(b"PLTE", table), chunk(b"tRNS", b"\0" * 4))


def _gif_codes(extra: Callable[[bytes], bytes]) -> bytes:
    data = CASES["gif-palette"].make()
    return data[: -len(b"\0;")] + extra(data) + b"\0;"


def _gif_after_end_in_block() -> bytes:
    data = CASES["gif-palette"].make()
    at = data.index(b",", 13 + (3 << (data[10] & 7) + 1)) + 11
    while data[at + 1 + data[at]]:
        at += 1 + data[at]
    block = data[at + 1 : at + 1 + data[at]]
    return data[:at] + bytes([len(block) + len(SECRET)]) + block + SECRET + b"\0;"


def _gif_other_table() -> bytes:
    data = bytearray(gif_file(pillow(RGB, "GIF", "P16"), canvas=(77, 101), spot=(0, 0), own_table=True))
    data[13 : 13 + len(SECRET)] = SECRET
    return bytes(data)


def _jpeg(marker: int, body: bytes, *, before: int = 0xC0) -> bytes:
    data = pillow(RGB, "JPEG")
    at = data.index(bytes([0xFF, before]))
    return data[:at] + struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body + data[at:]


def _jpeg_scan_again() -> bytes:
    data = pillow(RGB, "JPEG", progressive=True)
    first = data.index(b"\xff\xda")
    again = data[first : data.index(b"\xff\xc4", first)]
    return data[:-2] + again + SECRET + b"\xff\xd9"


def _jpeg_spare_intervals() -> bytes:
    data = pillow(RGB, "JPEG", restart_marker_rows=1, progressive=True)
    return data[:-2] + b"".join(b"\xff" + bytes([0xD0 + i]) + SECRET for i in range(8)) + b"\xff\xd9"


def _jpeg_inside(marker: bytes, **options: object) -> bytes:
    data = pillow(RGB, "JPEG", **options)
    at = data.index(marker, data.index(b"\xff\xda") + 2)
    return data[:at] + SECRET + data[at:]


def _tiff_after(compression: str) -> bytes:
    data = bytearray(pillow(RGB, "TIFF", compression=compression))
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    tags = {struct.unpack_from("<H", data, spot)[0]: spot for spot in range(at + 2, at + 2 + 12 * count, 12)}
    starts, sizes = (struct.unpack_from("<HHII", data, tags[tag]) for tag in (273, 279))
    assert starts[2] == sizes[2] == 1, "one strip, so that its place and size are in the directory"
    body = bytes(data[starts[3] : starts[3] + sizes[3]]) + SECRET
    struct.pack_into("<I", data, tags[273] + 8, len(data))
    struct.pack_into("<I", data, tags[279] + 8, len(body))
    return bytes(data) + body


def _tiff_long_strip() -> bytes:
    data = bytearray(tiff_file(RGB, 2, rows=101))
    tag = data.index(struct.pack("<HHII", 279, 4, 1, RGB.size))
    (at,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, tag + 8, RGB.size + len(SECRET))
    moved = bytes(data[at:])
    del data[at:]
    data += SECRET + b"\0" * (len(SECRET) % 2)
    shift = len(data) - at
    struct.pack_into("<I", data, 4, len(data))
    table = bytearray(moved)
    (count,) = struct.unpack_from("<H", table, 0)
    for spot in range(2, 2 + 12 * count, 12):
        _, kind, number, value = struct.unpack_from("<HHII", table, spot)
        if number * {3: 2, 4: 4}[kind] > 4:
            struct.pack_into("<I", table, spot + 8, value + shift)
    return bytes(data + table)


def _tile_edges() -> bytes:
    return tiff_file(RGB, 2, tile=(32, 16)).replace(b"S" * len(SECRET), SECRET)


def _deflated_tile_edges() -> bytes:
    return tiff_file(RGB, 2, tile=(32, 16), deflate=True)


def _bmp_row_padding() -> bytes:
    rows = np.pad(RGB[:, :77].reshape(101, -1), ((0, 0), (0, 1)))
    rows[: len(SECRET), -1] = np.frombuffer(SECRET, np.uint8)
    return bmp_file((77, 101), 24, rows.tobytes())


def _bmp_fourth_byte() -> bytes:
    wide = np.pad(RGB, ((0, 0), (0, 0), (0, 1)))
    wide[0, : len(SECRET), 3] = np.frombuffer(SECRET, np.uint8)
    return bmp_file((77, 101), 32, wide.tobytes())


def _bmp_spare_colours() -> bytes:
    table = TABLE[:24] + b"".join(SECRET[at : at + 3].ljust(4, b"\0") for at in range(0, 9, 3))
    return bmp_file((77, 101), 8, np.pad(FEW // 4, ((0, 0), (0, 3))).tobytes(), table=table)


def _bmp_after_runs() -> bytes:
    return bmp_file((77, 101), 8, run_coded(FEW, 8) + SECRET, runs=1, table=TABLE)


def _bmp_padding_of_runs() -> bytes:
    runs = run_coded(FEW, 8)
    at = next(i for i in range(0, len(runs), 2) if runs[i] == 0 and runs[i + 1] == 5)
    return bmp_file((77, 101), 8, runs[: at + 7] + b"Z" + runs[at + 8 :], runs=1, table=TABLE)


def _webp_second_stream() -> bytes:
    data = pillow(RGB, "WEBP", quality=80)
    more = data[12:] + b"VP8 " + struct.pack("<I", len(SECRET)) + SECRET + b"ALPH" + struct.pack("<I", 10) + SECRET
    return b"RIFF" + struct.pack("<I", 4 + len(more)) + b"WEBP" + more


def _webp_reserved() -> bytes:
    stream = pillow(RGB, "WEBP", quality=80)[12:]
    head = b"\x04" + SECRET[7:] + (76).to_bytes(3, "little") + (100).to_bytes(3, "little")
    more = b"VP8X" + struct.pack("<I", len(head)) + head + stream
    return b"RIFF" + struct.pack("<I", 4 + len(more)) + b"WEBP" + more


KEPT: dict[str, Callable[[], bytes]] = {
    "png-name-of-profile": _png_name_of_profile,
    "png-spare-palette": _png_spare_palette,
    "png-clear-palette": _png_clear_palette,
    "png-suggested-palette": lambda: png_file(_HEAD, _ROWS, chunk(b"PLTE", SECRET + b"\0\0")),
    "png-key-of-other-size": lambda: png_file(_HEAD, _ROWS, chunk(b"tRNS", SECRET)),
    "gif-other-table": _gif_other_table,
    "jpeg-unused-quantization": lambda: _jpeg(0xDB, b"\3" + SECRET * 6 + SECRET[:4]),
    "jpeg-unused-huffman": lambda: _jpeg(0xC4, b"\3" + b"\0" * 15 + bytes([len(SECRET)]) + SECRET, before=0xDA),
    "jpeg-unknown-segment": lambda: _jpeg(0xF7, SECRET),
    "jpeg-height-again": lambda: _jpeg(0xDC, SECRET, before=0xDA),
    "tiff-long-strip": _tiff_long_strip,
    "tiff-tile-edges": _tile_edges,
    "bmp-row-padding": _bmp_row_padding,
    "bmp-fourth-byte": _bmp_fourth_byte,
    "bmp-spare-colours": _bmp_spare_colours,
    "bmp-after-runs": _bmp_after_runs,
    "webp-second-stream": _webp_second_stream,
    "webp-reserved": _webp_reserved,
}
"""Files whose secret can be cut or zeroed beside their compressed pixels."""

REFUSED: dict[str, Callable[[], bytes]] = {
    "png-after-stream": _png_after_stream,
    "png-in-last-chunk": _png_in_last_chunk,
    "png-check-sum": _png_check_sum,
    "png-more-rows": lambda: png_file(_HEAD, _ROWS + SECRET),
    "gif-after-end-in-block": _gif_after_end_in_block,
    "gif-after-end": lambda: _gif_codes(lambda _: bytes([len(SECRET)]) + SECRET),
    "jpeg-after-scan": lambda: pillow(RGB, "JPEG")[:-2] + SECRET + b"\xff\xd9",
    "jpeg-after-grey-scan": lambda: pillow(GREY, "JPEG")[:-2] + SECRET + b"\xff\xd9",
    "jpeg-scan-again": _jpeg_scan_again,
    "jpeg-between-scans": lambda: _jpeg_inside(b"\xff\xc4", progressive=True),
    "jpeg-after-last-scan": lambda: _jpeg_inside(b"\xff\xd9", progressive=True),
    "jpeg-between-intervals": lambda: _jpeg_inside(b"\xff\xd1", restart_marker_blocks=2),
    "jpeg-spare-intervals": _jpeg_spare_intervals,
    "tiff-after-deflate": lambda: _tiff_after("tiff_adobe_deflate"),
    "tiff-after-lzw": lambda: _tiff_after("tiff_lzw"),
    "tiff-after-packbits": lambda: _tiff_after("packbits"),
    "tiff-deflated-tile-edges": _deflated_tile_edges,
    "bmp-padding-of-runs": _bmp_padding_of_runs,
}
"""Files whose secret is inside of the compressed pixels: these are encoded anew."""
