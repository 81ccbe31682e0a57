"""Further pictures, depth, films and clear colours that lie beside a picture are not in what is stored."""

import io
import warnings

import pytest
from PIL import Image

from anonymizer_udfs.imaging import decode, encode
from tests.support.searching import forms, readings_of
from tests.unit.imaging.phones import PHONES, is_hidden
from tests.unit.imaging.planted import SECRET

MOST = 1 << 20
ALPHA = [name for name in PHONES if "alpha" in name]


def found(data: bytes) -> list[str]:
    """Return in which readings of a file the secret is, or its pixels when they are decoded."""
    with Image.open(io.BytesIO(data)) as image:
        read = [*readings_of(data), ("its pixels", image.tobytes()), ("its colours", image.convert("RGB").tobytes())]
    return [how for how, text in read if any(word in text for word in forms(SECRET).values())]


@pytest.mark.parametrize("name", PHONES)
def test_the_secret_is_in_the_source(name: str) -> None:
    """A reader opens the file without a word, and the search that the other tests rely on finds what is planted."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert found(PHONES[name]())


@pytest.mark.parametrize("kept", [True, False], ids=["nothing-found", "encoded-anew"])
@pytest.mark.parametrize("name", PHONES)
def test_it_is_not_in_what_is_stored(name: str, kept: bool) -> None:
    """Whether the compressed pixels are kept or all of it is written anew."""
    picture = decode(PHONES[name](), max_pixels=MOST)
    assert found(encode(picture, picture if kept else None).data) == []


@pytest.mark.parametrize("name", ALPHA)
def test_clear_pixels_have_no_colour(name: str) -> None:
    """What cannot be seen is zero in what is stored."""
    picture = decode(PHONES[name](), max_pixels=MOST)
    assert is_hidden(PHONES[name]())
    assert not is_hidden(encode(picture, picture).data)
