"""Scenes: the same for the same seed, faces where the layout says, and what a cell asks is there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anonymizer_udfs import boxes, imaging
from anonymizer_udfs.imaging import orientation
from benchmarks.recalls import cells, disguises, heads, layout, scenes
from benchmarks.recalls.cells import Cell
from benchmarks.recalls.finders import seen
from benchmarks.recalls.portraits import Portrait
from tests.unit.benchmarks.drawn import portrait

PLAIN = Cell("plain", "plain")
SAMPLE = [*cells.grid(), *cells.empty(), *list(cells.combinations())[::10]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for photos and mattes."""
    return tmp_path_factory.mktemp("recall")


@pytest.fixture(scope="module")
def people(kept: Path) -> list[Portrait]:
    """Two drawn portraits."""
    return [portrait(kept, "one.png"), portrait(kept, "two.png", dot=True)]


def first(cell: Cell, people: list[Portrait], kept: Path, seed: int = 1) -> scenes.Scene:
    """Return the first scene of a cell."""
    return next(scenes.scenes(cell, people, 1, seed, kept))


def test_the_same_seed_gives_the_same_bytes(people: list[Portrait], kept: Path) -> None:
    """Scenes repeat to the byte; another seed, cell or number gives another scene."""
    once, again = (list(scenes.scenes(PLAIN, people, 12, 1, kept)) for _ in range(2))
    assert [one.data for one in once] == [one.data for one in again]
    others = [first(PLAIN, people, kept, 2), first(replace(PLAIN, name="other"), people, kept), once[1]]
    assert len({once[0].data, *(one.data for one in others)}) == 4


def test_a_cell_has_as_many_faces_as_asked_for(people: list[Portrait], kept: Path) -> None:
    """Scenes come until there are enough faces, at most six in each."""
    made = list(scenes.scenes(PLAIN, people, 20, 1, kept))
    counts = [len(one.truth) for one in made]
    assert sum(counts) >= 20 > sum(counts[:-1])
    assert max(counts) <= 6


@pytest.mark.parametrize("cell", SAMPLE, ids=lambda cell: cell.name)
def test_layouts_hold_what_the_cell_asks(cell: Cell) -> None:
    """Faces have heights in the range, in a picture of the size asked for, heads apart from each other."""
    made = list(layout.layouts(cell, 1, 5, 12))
    assert made
    for one in made:
        low, high = cell.heights_px
        assert all(low - 1e-6 <= spot.height_px <= high + 1e-6 for spot in one.spots)
        assert len(one.spots) <= cell.faces
        assert bool(one.spots) == bool(cell.faces)
        if cell.size_wh:
            assert one.size_wh == cell.size_wh
        if cell.long_side_px and cell.heights_px[1] * 1.35 <= cell.long_side_px * 3 // 4:
            assert max(one.size_wh) == cell.long_side_px
        grown = np.array([boxes.grow(box(spot), layout.APART_RATIO) for spot in one.spots]).reshape(-1, 4)
        overlap = boxes.iou(grown.astype(np.float32), grown.astype(np.float32))
        assert (overlap[~np.eye(len(grown), dtype=np.bool_)] < 1e-6).all()


def box(spot: layout.Spot) -> np.ndarray:
    """Return the box that a layout plans for a face."""
    half = np.array(layout.half_sides(spot.height_px, spot.roll_deg))
    centre = np.array(spot.centre_xy)
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


@pytest.mark.parametrize("cell", [c for c in cells.grid() if c.cut], ids=lambda cell: cell.name)
def test_a_border_cuts_the_share_asked_for(cell: Cell) -> None:
    """25% or 40% of each face's box is outside of the side that the cell names, and nothing elsewhere."""
    assert cell.cut is not None
    side, share = cell.cut
    for one in layout.layouts(cell, 1, 5, 12):
        for spot in one.spots:
            whole = box(spot)
            inside = boxes.clip(whole[None], one.size_wh)[0]
            assert 1 - boxes.area(inside[None])[0] / boxes.area(whole[None])[0] == pytest.approx(share, abs=1e-3)
            assert (whole != inside).nonzero()[0].tolist() == [("left", "top", "right", "bottom").index(side)]


@pytest.mark.parametrize("value", range(1, 9))
def test_the_orientation_is_in_the_file_and_the_picture_seen_is_the_same(
    value: int, people: list[Portrait], kept: Path
) -> None:
    """The tag is written, stored pixels are turned accordingly, and turned upright the faces are where the truth is."""
    rgb = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    data = scenes.encoded(rgb, replace(PLAIN, orientation=value, quality=95))
    picture = imaging.decode(data, max_pixels=10**6)
    assert picture.orientation == value
    assert picture.size_wh == ((96, 128) if value >= 5 else (128, 96))
    centres = seen(data)[8::16, 8::16].astype(int)
    assert np.abs(centres - rgb[8::16, 8::16]).mean() < 12
    assert np.abs(centres[::-1] - rgb[8::16, 8::16]).mean() > 40
    turned = first(replace(PLAIN, orientation=value), people, kept)
    np.testing.assert_array_equal(turned.truth, first(PLAIN, people, kept).truth)


def test_faces_are_where_the_truth_says(people: list[Portrait], kept: Path) -> None:
    """The skin of the drawn portrait is in the middle of each true box, in every picture as it is seen."""
    for value in (1, 6):
        made = first(replace(PLAIN, orientation=value), people[:1], kept)
        rgb = seen(made.data).astype(int)
        assert len(made.truth) > 1
        for x0, y0, x1, y1 in made.truth:
            at = rgb[int(y0 + (y1 - y0) * 0.25), int((x0 + x1) / 2)]
            assert np.abs(at - (230, 190, 160)).max() < 40


def test_the_truth_is_clipped_to_the_picture(people: list[Portrait], kept: Path) -> None:
    """A face that fills 1.3 of its frame has the whole picture's height as its true box."""
    cell = next(c for c in cells.grid() if c.name == "fill-1.3-small")
    made = first(cell, people, kept)
    assert made.truth[0, [1, 3]].tolist() == [0, made.size_wh[1]]


@pytest.mark.parametrize("what", cells.OCCLUSIONS)
def test_an_occlusion_covers_part_of_the_face(what: str, people: list[Portrait], kept: Path) -> None:
    """A tenth to three quarters of the face's box changes, nothing far from it, and the head given stays as it was."""
    head = heads.head(people[0], kept / "mattes")
    before = head.rgb.copy()
    for seed in range(8):
        after = disguises.occlude(head, what, np.random.default_rng(seed)).rgb
        changed = (after != before).any(2)
        x0, y0, x1, y1 = head.box.astype(int)
        assert 0.1 < changed[y0:y1, x0:x1].mean() < 0.75
        far = np.ones(changed.shape, np.bool_)
        x0, y0, x1, y1 = boxes.outward(boxes.grow(head.box, 1.7), (changed.shape[1], changed.shape[0]))
        far[y0:y1, x0:x1] = False
        assert not changed[far].any()
    np.testing.assert_array_equal(head.rgb, before)


def test_a_head_is_cut_out_of_its_photo(people: list[Portrait], kept: Path) -> None:
    """The face is opaque, the wall is not, and a matte that was kept is the one that was made."""
    once = heads.head(people[0], kept / "once")
    x0, y0, x1, y1 = once.box.astype(int)
    assert once.alpha[(y0 + y1) // 2, x0 + 4 : x1 - 4].min() > 0.95
    assert once.alpha[:8].max() == once.alpha[:, :8].max() == 0
    assert once.alpha[y0 - 20, x0 - 20] < 0.2
    np.testing.assert_array_equal(heads.head(people[0], kept / "once").alpha, once.alpha)


@pytest.mark.parametrize("roll", [0, 90, 200])
def test_nobody_stands_before_a_face(roll: float, people: list[Portrait], kept: Path) -> None:
    """Faces keep their skin's colour although people stand close and have bodies."""
    crowd = Cell("close", "x", (40, 60), roll_deg=roll, size_wh=(640, 480), faces=14)
    for one in layout.layouts(crowd, 1, 1, 40):
        made = scenes.scene(crowd, one, people[:1], 1, kept)
        rgb = seen(made.data).astype(int)
        whole = made.truth[(made.truth[:, 2:] < (638, 478)).all(1) & (made.truth[:, :2] > 2).all(1)]
        assert len(whole) > 4
        for x0, y0, x1, y1 in whole.astype(int):
            part = rgb[y0:y1, x0:x1]
            skin = np.abs(part - (230, 190, 160)).max(2) < 45
            assert skin.mean() > 0.3


def test_light_blur_and_quality_do_what_they_say(people: list[Portrait], kept: Path) -> None:
    """A gain darkens, blur removes contrast, a lower quality makes a smaller file, grey has one component."""
    plain = first(PLAIN, people, kept)
    dark = first(replace(PLAIN, gain=0.25), people, kept)
    assert seen(dark.data).mean() == pytest.approx(seen(plain.data).mean() / 4, rel=0.1)
    for blur in cells.BLURS:
        soft = seen(first(replace(PLAIN, blur=blur), people, kept).data).astype(int)
        sharp = seen(plain.data).astype(int)
        assert np.abs(np.diff(soft, axis=1)).mean() < np.abs(np.diff(sharp, axis=1)).mean()
    assert len(first(replace(PLAIN, quality=10), people, kept).data) < len(plain.data) / 2
    grey = imaging.decode(first(replace(PLAIN, grey=True), people, kept).data, max_pixels=10**6)
    assert grey.channels is imaging.Channels.GREY


def test_a_cell_without_faces_has_none(people: list[Portrait], kept: Path) -> None:
    """Face-free scenes are as many as asked for, of their size, with no true box."""
    cell = next(c for c in cells.empty() if c.size_wh == (320, 240))
    made = list(scenes.scenes(cell, people, 5, 1, kept))
    assert [(one.truth.shape, one.size_wh) for one in made] == [((0, 4), (320, 240))] * 5


def test_turning_back_is_the_inverse() -> None:
    """Pixels stored for an orientation and turned as it says are the picture again, for all eight."""
    rgb = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    for value in range(1, 9):
        stored = orientation.upright(rgb, {6: 8, 8: 6}.get(value, value))
        np.testing.assert_array_equal(orientation.upright(stored, value), rgb)
