"""Profiles keep their numbers and lose everything else."""

import io
import struct

import pytest
from PIL import ImageCms

from anonymizer_udfs.imaging import Channels
from anonymizer_udfs.imaging.icc import clean
from anonymizer_udfs.imaging.icc_tags import clean_tag
from tests.unit.imaging.cases import profile
from tests.unit.imaging.planted import SECRET, colours_kept, tagged_profile, traces


def test_no_profile() -> None:
    """No bytes are no profile."""
    assert clean(b"", Channels.RGB) is None


def test_cleaned_profile_works_and_says_nothing() -> None:
    """The same colours, none of the texts, a profile that little CMS opens, and stable when cleaned again."""
    cleaned = clean(tagged_profile(), Channels.RGB)
    assert cleaned is not None
    assert traces(cleaned) == []
    assert colours_kept(tagged_profile(), cleaned)
    opened = ImageCms.ImageCmsProfile(io.BytesIO(cleaned))
    assert ImageCms.getProfileDescription(opened).strip() == "faceveil"
    assert clean(cleaned, Channels.RGB) == cleaned
    assert struct.unpack(">I", cleaned[:4]) == (len(cleaned),)


def test_profile_of_version_2_is_readable() -> None:
    """The texts of an older profile are of the older type."""
    old = bytearray(profile())
    old[8:10] = b"\x02\x40"
    cleaned = clean(bytes(old), Channels.RGB)
    assert cleaned is not None
    opened = ImageCms.ImageCmsProfile(io.BytesIO(cleaned))
    assert ImageCms.getProfileDescription(opened).strip() == "faceveil"


def test_profile_of_another_colour_space_is_dropped() -> None:
    """An RGB profile says nothing of grey or ink."""
    assert clean(profile(), Channels.GREY) is None
    assert clean(profile(), Channels.CMYK) is None


@pytest.mark.parametrize("cut", [0, 100, 131, 140, 300, 500])
def test_cut_profiles_are_dropped(cut: int) -> None:
    """A profile whose tags lie past its end cannot be read."""
    assert clean(profile()[:cut], Channels.RGB) is None


TAGS = {
    "xyz": ("wtpt", b"XYZ " + bytes(4) + b"\1" * 12),
    "curve": ("rTRC", b"curv" + bytes(4) + struct.pack(">IHH", 2, 0, 65535)),
    "formula": ("gTRC", b"para" + bytes(4) + struct.pack(">HHI", 0, 0, 65536)),
    "table-8": ("A2B0", b"mft1" + bytes(4) + bytes([1, 1, 2, 0]) + b"\2" * 36 + b"\3" * (256 + 2 + 256)),
    "table-16": ("B2A0", b"mft2" + bytes(4) + bytes([1, 3, 2, 0]) + b"\2" * 36 + struct.pack(">HH", 2, 2) + b"\3" * 28),
    "stages": (
        "A2B0",
        b"mAB " + bytes(4) + bytes([1, 1, 0, 0]) + struct.pack(">5I", 32, 0, 0, 44, 0)
        + b"curv" + bytes(8) + bytes([2]) + bytes(15) + bytes([1, 0, 0, 0]) + b"\7\7\0\0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAGS)
def test_slack_is_cut(name: str) -> None:
    """What is behind a tag's numbers and in its reserved bytes goes; the numbers stay as they are."""
    tag, body = TAGS[name]
    dirty = body[:4] + SECRET[:4] + body[8:] + SECRET
    assert clean_tag(tag, dirty) == body


@pytest.mark.parametrize("name", TAGS)
def test_short_tags_are_refused(name: str) -> None:
    """A tag that is shorter than its own numbers say is not read past its end."""
    tag, body = TAGS[name]
    with pytest.raises((ValueError, struct.error, IndexError)):
        clean_tag(tag, body[:-5])


def test_texts_in_the_place_of_numbers_are_refused() -> None:
    """A tag of numbers that holds a text is no tag of numbers."""
    with pytest.raises(ValueError, match="no tag of numbers"):
        clean_tag("wtpt", b"text" + bytes(4) + SECRET)
