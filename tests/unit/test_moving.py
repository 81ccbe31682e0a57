"""Animations: every frame is searched, treated, verified and looked at again; one row says what was done in which."""

import io
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs import making, pipeline, subject
from anonymizer_udfs.detection.findings import Finding
from anonymizer_udfs.detection.plans import Pass, Plan
from anonymizer_udfs.imaging import Encoded, animation, probe
from anonymizer_udfs.neighbours import REACH, Found, spread
from anonymizer_udfs.outcome import BadImageError, Reason
from anonymizer_udfs.records import Look, Sighting
from anonymizer_udfs.spec import Limits, WorkerSpec
from tests.support import specs

FORMATS = ("GIF", "PNG", "WEBP")
WH = (160, 96)
BLIND = Plan("blind", (Pass("tiny", (1, 16)),))
"""At 16 pixels no dot is left to be seen."""
Dots = Sequence[tuple[int, int]]


def frame(number: int, dots: Dots) -> Image.Image:
    """Return a frame with stripes that move, and red dots, each a face of 32 pixels."""
    y, x = np.mgrid[: WH[1], : WH[0]]
    pixels = np.stack([60 + (x // 8 + number) % 4 * 10, 100 + y // 16 * 8, np.full(x.shape, 120)], 2).astype(np.uint8)
    for at_x, at_y in dots:
        pixels[at_y : at_y + 4, at_x : at_x + 4] = (255, 0, 0)
    return Image.fromarray(pixels)


def film(form: str, shots: Sequence[Dots], **options: object) -> bytes:
    """Return an animation of a format; each shot names the dots of its frame."""
    first, *others = [frame(i, dots) for i, dots in enumerate(shots)]
    out, lossless = io.BytesIO(), {"lossless": True} if form == "WEBP" else {}
    kept = {"save_all": True, "append_images": others, "duration": 120, "loop": 0}
    first.save(out, form, **(kept | lossless | options))
    return out.getvalue()


@pytest.fixture
def spec(tmp_path: Path) -> WorkerSpec:
    """The mask over red dots."""
    models = tmp_path / "models"
    models.mkdir()
    return specs.red_dots(models)


def row_of(data: bytes, folder: Path, spec: WorkerSpec, **policy: object) -> dict[str, object]:
    """Return the row of one file under the spec's policy with changes."""
    (folder / "moving").write_bytes(data)
    changed = replace(spec, policy=replace(spec.policy, **policy))
    (batch,) = pipeline.anonymize_partition(specs.planned(folder / "moving").to_batches(), changed)
    (row,) = batch.to_pylist()
    return row  # type: ignore[no-any-return]


def looks(row: dict[str, object]) -> list[tuple[int, str]]:
    """Return frame and look of each face, in the order of frames."""
    return sorted((face["frame"], face["look"]) for face in row["faces"])  # type: ignore[attr-defined]


def shown(data: bytes) -> list[np.ndarray]:
    """Return the frames of a file as colours."""
    return [one.rgb() for one in animation.frames(data, max_pixels=10**7).frames]


@pytest.mark.parametrize("form", FORMATS)
def test_every_frame_is_treated_and_exact_elsewhere(form: str, tmp_path: Path, spec: WorkerSpec) -> None:
    """A face that moves is filled in each frame; no pixel outside of that frame's regions differs; time is kept."""
    data = film(form, [[(40 + 12 * i, 40)] for i in range(4)])
    row = row_of(data, tmp_path, spec)
    assert (row["status"], row["format"], row["frames"], row["reencoded"]) == ("anonymized", form.lower(), 4, False)
    assert (row["width"], row["height"]) == WH
    assert {number for number, _ in looks(row)} == {0, 1, 2, 3}
    assert [look for _, look in looks(row)].count("plan") == 4
    before, after = shown(data), shown(row["content"])
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        mine = [face["region"].values() for face in row["faces"] if face["frame"] == number]
        outside = np.ones(was.shape[:2], bool)
        for x0, y0, x1, y1 in mine:
            outside[y0:y1, x0:x1] = False
            assert (now[y0:y1, x0:x1].reshape(-1, 3) == now[y0, x0]).all()
        assert (was[outside] == now[outside]).all()
        assert (was[~outside] != now[~outside]).any()
    old, new = (animation.frames(one, max_pixels=10**7) for one in (data, row["content"]))
    assert (old.durations_ms, old.plays) == (new.durations_ms, new.plays)


@pytest.mark.parametrize("form", FORMATS)
def test_a_face_that_blinks_is_treated_between(form: str, tmp_path: Path, spec: WorkerSpec) -> None:
    """Frames in which nobody was seen are treated where somebody was just before or is just after."""
    gone = 2 * REACH + 2
    row = row_of(film(form, [[(60, 40)], *[[]] * gone, [(60, 40)]]), tmp_path, spec)
    beside = [*range(1, REACH + 1), *range(gone - REACH + 1, gone + 1)]
    assert looks(row) == sorted([(0, "plan"), (gone + 1, "plan"), *((i, "neighbour") for i in beside)])
    assert row["residual"] == 0


def test_frames_of_one_picture_are_searched_once(spec: WorkerSpec) -> None:
    """A picture that is shown twice in a row costs one search, and both of its frames are treated."""
    source = animation.frames(film("PNG", [[(60, 40)], [], []]), max_pixels=10**7)
    first, _, last = source.frames
    data = animation.write(source.with_frames([first, first.with_pixels(first.pixels.copy()), last])).data
    moving = subject.of(probe(data), data, spec.policy.plan, 10**7)
    assert [moving.sights.index(one) for one in moving.sights] == [0, 0, 2]


def test_each_frame_is_looked_at_again(tmp_path: Path, spec: WorkerSpec) -> None:
    """What the plan missed in some frames the second look finds there; neighbours follow."""
    row = row_of(film("GIF", [[], [], [(60, 40)], [(60, 40)]]), tmp_path, spec, plan=BLIND)
    assert looks(row) == [(0, "neighbour"), (1, "neighbour"), (2, "second"), (3, "second")]
    assert (row["residual"], row["status"]) == (2, "anonymized")


@pytest.mark.parametrize("form", FORMATS)
def test_an_animation_of_nobody_keeps_its_compressed_frames(form: str, tmp_path: Path, spec: WorkerSpec) -> None:
    """Its row is clean, its frames are the source's."""
    data = film(form, [[]] * 3)
    row = row_of(data, tmp_path, spec)
    assert (row["status"], row["faces"], row["reencoded"], row["frames"]) == ("clean", [], False, 3)
    kept = animation.frames(data, max_pixels=10**7).untouched
    assert kept is None or row["content"] == kept
    assert all(np.array_equal(*pair) for pair in zip(shown(data), shown(row["content"]), strict=True))


def test_lossy_frames_say_so(tmp_path: Path, spec: WorkerSpec) -> None:
    """Frames that cannot be exact are encoded anew, and the row tells how near the worst of them came."""
    row = row_of(film("WEBP", [[(60, 40)], [(64, 40)]], lossless=False, quality=80), tmp_path, spec)
    assert (row["status"], row["reencoded"]) == ("anonymized", True)
    assert 25 < dict(row["utility"])["psnr_outside"] < 60  # type: ignore[call-overload]


def test_the_bound_of_pixels_holds_for_all_frames(tmp_path: Path, spec: WorkerSpec) -> None:
    """Four frames of a picture that would be allowed alone are too large together."""
    limits = Limits(max_pixels=3 * WH[0] * WH[1])
    row = row_of(film("GIF", [[]] * 4), tmp_path, replace(spec, limits=limits))
    assert (row["status"], row["reason"], row["content"]) == ("quarantined", "too_large", None)


def test_pages_are_held_back(tmp_path: Path, spec: WorkerSpec) -> None:
    """A TIFF of several pages is no animation."""
    out = io.BytesIO()
    frame(0, []).save(out, "TIFF", save_all=True, append_images=[frame(1, [(60, 40)])])
    row = row_of(out.getvalue(), tmp_path, spec)
    assert (row["status"], row["reason"]) == ("quarantined", "multiple_frames")


class Lost:
    """A subject whose file loses its last frame, or shows it for another time."""

    def __init__(self, of: subject.Subject, written: bytes) -> None:
        self._of, self._written = of, written

    def __getattr__(self, name: str) -> object:
        """Give what the real one has."""
        return getattr(self._of, name)

    def encode(self, pictures: object, *, anew: bool = False) -> Encoded:
        """Return the other file."""
        del pictures
        return Encoded(self._written, reencoded=anew)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(film("PNG", [[]] * 2), id="a frame is gone"),
        pytest.param(film("PNG", [[]] * 3, duration=200), id="other times"),
        pytest.param(film("PNG", [[], [(60, 40)], []]), id="the face is still there"),
        pytest.param(b"", id="no file"),
    ],
)
def test_a_file_that_shows_anything_else_is_not_released(written: bytes, spec: WorkerSpec) -> None:
    """All frames, for as long as before, and treated: else it is held back."""
    data = film("PNG", [[], [(60, 40)], []])
    moving = subject.of(probe(data), data, spec.policy.plan, 10**7)
    found = [
        Found(one, Look.PLAN, i)
        for i, ones in enumerate(spec.policy.searcher.search(moving.sights, spec.policy.plan, spec.runtime))
        for one in ones
    ]
    assert [one.frame for one in found] == [1]
    clock = pipeline.Clock(pipeline.Work(None, b""), "verify")  # type: ignore[arg-type]
    with pytest.raises(BadImageError) as caught:
        making.make(Lost(moving, written), found, "0" * 32, spec, lambda _: clock)  # type: ignore[arg-type]
    assert caught.value.reason is Reason.UNVERIFIED


def one(left: float, kind: str = "face") -> Finding:
    """Return a finding of 20 by 20 pixels."""
    return Finding(kind, np.array([left, 0, left + 20, 20], np.float32), 0.9, (Sighting("d", "full", 0.9),))


def test_neighbours_do_not_repeat_one_another() -> None:
    """A face that is found in both neighbours is treated once in the frame between; one of another kind is another."""
    faces = [Found(one(0), Look.PLAN, 0), Found(one(4), Look.PLAN, 2), Found(one(0, "plate"), Look.PLAN, 2)]
    shares = spread(faces, 3)
    assert [len(mine) for mine in shares] == [2, 2, 2]
    assert [mine.finding.kind for mine in shares[1]] == ["face", "plate"]
    assert {mine.look for mine in shares[1]} == {Look.NEIGHBOUR}
    assert [list(map(id, mine)) for mine in spread(faces[:1], 1)] == [[id(faces[0])]]


def test_times_are_kept_as_they_are_written(tmp_path: Path, spec: WorkerSpec) -> None:
    """Each frame of an animated PNG is shown for as long as before, to the fraction."""
    data = film("PNG", [[(60, 40)], [(70, 40)], []], duration=[33, 67, 100])
    row = row_of(data, tmp_path, spec)
    assert animation.frames(row["content"], max_pixels=10**7).durations_ms == (
        Fraction(33), Fraction(67), Fraction(100),
    )  # fmt: skip
