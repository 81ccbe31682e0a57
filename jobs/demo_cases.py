"""What the demo anonymizes: real photos that come inside packages, and hard cases made of them at run time.

Nothing here is a photo of ours, and nothing is downloaded. The same packages give the same bytes.
"""

import importlib.util
import io
import random
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from anonymizer_udfs.outcome import Reason, Status
from jobs.errors import JobError

OWNER = "Jane Q. Example"
"""A made-up name in the metadata of one photo, which must not be found in anything that comes out."""

_ORIENTATION, _MAKE, _ARTIST, _GPS = 0x0112, 0x010F, 0x013B, 0x8825
_ROTATE_6 = 6


@dataclass(frozen=True)
class Case:
    """One file of the demo and how it has to end.

    Attributes:
        file: its name in the folder of photos.
        about: what it is, in two or three words.
        content: its bytes.
        status: how it ends.
        reason: why it is held back, if it is.
        faces: at least so many are found.
    """

    file: str
    about: str
    content: bytes = field(repr=False)
    status: Status
    reason: Reason | None = None
    faces: int = 0


def cases() -> list[Case]:
    """Return all cases, made now.

    Raises:
        JobError: if a package that brings a photo is not installed.
    """
    portrait, group = _photo("skimage", "data/astronaut.png"), _photo("insightface", "data/images/t1.jpg")
    person = np.asarray(Image.open(io.BytesIO(portrait)).convert("RGB"))
    plain = _saved(Image.fromarray(person), "JPEG", quality=90)
    good, held = Status.ANONYMIZED, Status.QUARANTINED
    return [
        Case("person.png", "a real portrait", portrait, good, faces=1),
        Case("group.jpg", "a real group", group, good, faces=5),
        Case("phone.jpg", "turned, with GPS", _phone(person), good, faces=1),
        Case("grey.jpg", "shades of grey", _saved(Image.fromarray(person).convert("L"), "JPEG"), good, faces=1),
        Case("cutout.png", "transparent", _cutout(person), good, faces=1),
        Case("deep.png", "16 bits a sample", _deep(person), good, faces=1),
        Case("hills.webp", "nobody in it", _saved(_hills(), "WEBP", quality=85), Status.CLEAN),
        Case("pixel.bmp", "one pixel", _saved(Image.new("RGB", (1, 1), (200, 30, 30)), "BMP"), Status.CLEAN),
        Case("moving.gif", "several frames", _moving(person), good, faces=3),
        Case("cut.jpg", "half is missing", plain[: len(plain) // 2], held, Reason.TRUNCATED),
        Case("broken.png", "damaged inside", _broken(portrait), held, Reason.CORRUPT),
        Case("letter.pdf", "no picture", _pdf(), held, Reason.UNSUPPORTED_FORMAT),
    ]


def write(folder: Path) -> list[Case]:
    """Write the cases into a folder and return them; what is there with the right bytes is not touched.

    Raises:
        JobError: if the folder holds something else, which the demo would anonymize as well.
    """
    made = cases()
    folder.mkdir(parents=True, exist_ok=True)
    strangers = {path.name for path in folder.iterdir()} - {case.file for case in made}
    if strangers:
        raise JobError(
            f"the demo's folder of photos holds {len(strangers)} files that are not the demo's; give another"
        )
    for case in made:
        path = folder / case.file
        if not path.is_file() or path.read_bytes() != case.content:
            path.write_bytes(case.content)
    return made


def _photo(package: str, path: str) -> bytes:
    """Return a file of an installed package, without importing the package, which may take seconds."""
    found = importlib.util.find_spec(package)
    folders = found.submodule_search_locations if found else None
    for folder in folders or ():
        photo = Path(folder, path)
        if photo.is_file():
            return photo.read_bytes()
    raise JobError(f"the demo shows a photo of the package {package}, which is not installed here; run: make setup")


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _phone(person: NDArray[np.uint8]) -> bytes:
    """Return a JPEG whose pixels lie on their side, as telephones store them, with what telephones add."""
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_MAKE], exif[_ARTIST] = _ROTATE_6, "Example Phone", OWNER
    exif[_GPS] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)}
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(person)))
    return _saved(stored, "JPEG", quality=90, exif=exif.tobytes())


def _cutout(person: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(person).convert("RGBA")
    alpha = Image.new("L", image.size, 0)
    ImageDraw.Draw(alpha).ellipse([40, -60, 420, 500], fill=255)
    image.putalpha(alpha)
    return _saved(image, "PNG")


def _deep(person: NDArray[np.uint8]) -> bytes:
    samples = cv2.cvtColor(person, cv2.COLOR_RGB2BGR).astype(np.uint16) * 257
    done, out = cv2.imencode(".png", samples)
    if not done:
        raise JobError("this build of OpenCV cannot write 16-bit PNG; run: faceveil doctor")
    return out.tobytes()


def _hills() -> Image.Image:
    """Return a drawn landscape."""
    height, width = 480, 640
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    sky = np.array([168, 205, 236]) * (1 - y[..., None] / 900)
    pixels = np.broadcast_to(sky, (height, width, 3)).copy()
    colours = ((126, 158, 138), (92, 134, 104), (60, 104, 72))
    for number, colour in enumerate(colours):
        edge = 230 + 70 * number + 34 * np.sin(x / (95 - 18 * number) + 2.1 * number) + 12 * np.sin(x / 31 + number)
        pixels[y >= edge] = colour
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _moving(person: NDArray[np.uint8]) -> bytes:
    frames = [Image.fromarray(np.roll(person, 40 * n, axis=1)).resize((128, 128)).quantize(64) for n in range(3)]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)


def _broken(portrait: bytes) -> bytes:
    """Return a PNG with some bytes of its compressed data changed."""
    middle, damage = len(portrait) // 2, random.Random(7).randbytes(64)  # noqa: S311 - the same damage each time
    return portrait[:middle] + damage + portrait[middle + len(damage) :]


def _pdf() -> bytes:
    body = b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    return b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R>>\n%%EOF\n"
