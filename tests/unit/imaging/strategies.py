"""Random files: any picture, written by a common writer with any settings."""

import numpy as np
from hypothesis import strategies as st

from anonymizer_udfs.imaging import turbojpeg
from tests.unit.imaging.cases import RGB, pillow

INTERVALS = st.integers(0, 9) if turbojpeg.find() else st.just(0)
SCANS = st.booleans() if turbojpeg.find() else st.just(False)  # noqa: FBT003 - nothing else tells what several scans hold


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return a format and a file of a random picture, written with random settings."""
    form = draw(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"]))
    width, height = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    kind = draw(st.sampled_from(["noise", "photo", "flat"]))
    pixels = {
        "noise": rng.integers(0, 256, (height, width, 3), np.uint8),
        "photo": np.ascontiguousarray(RGB[:height, :width]),
        "flat": np.full((height, width, 3), rng.integers(256), np.uint8),
    }[kind]
    pictures: dict[str, st.SearchStrategy[tuple[str, dict[str, object]]]] = {
        "JPEG": st.tuples(
            st.sampled_from(["", "L", "CMYK"]),
            st.fixed_dictionaries({
                "quality": st.integers(1, 100), "subsampling": st.integers(0, 2), "progressive": SCANS,
                "optimize": st.booleans(), "restart_marker_blocks": INTERVALS,
            }),
        ),
        "PNG": st.tuples(
            st.sampled_from(["", "L", "1", "P2", "P9", "P200"]),
            st.fixed_dictionaries({"compress_level": st.integers(0, 9)}),
        ),
        "WEBP": st.tuples(
            st.just(""),
            st.fixed_dictionaries({
                "quality": st.integers(0, 100), "lossless": st.booleans(), "method": st.integers(0, 6),
            }),
        ),
        "GIF": st.tuples(
            st.sampled_from(["L", "P2", "P9", "P200"]),
            st.fixed_dictionaries({"interlace": st.integers(0, 1), "optimize": st.booleans()}),
        ),
        "TIFF": st.tuples(
            st.sampled_from(["", "L", "1", "P9", "CMYK"]),
            st.fixed_dictionaries({
                "compression": st.sampled_from(["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]),
            }),
        ),
        "BMP": st.tuples(st.sampled_from(["", "L", "1", "P9"]), st.just({})),
    }  # fmt: skip
    mode, options = draw(pictures[form])
    return form, pillow(pixels, form, mode, **options)
