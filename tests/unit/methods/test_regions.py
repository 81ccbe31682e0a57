"""Which pixels a part takes, what is left of it, and how a method within a method travels."""

import json
import math
import pickle
from typing import Any

import numpy as np
import pytest
import yaml

from anonymizer_udfs import methods
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods import METHODS, Mask, Method, Pixelate, Recolor, Regions, Scramble, Target, Warp, parts
from anonymizer_udfs.methods.facing import HALF_HEIGHT, NOSE_DEPTH, POINTS
from anonymizer_udfs.policy import KindRule, Policy, public
from tests.unit.methods.cases import FACE_BOX, face, rng

GREY, RED, BLUE = (90, 90, 90), (250, 10, 10), (10, 10, 250)
PLACES = {
    "eyes": [(-0.24, -0.17), (0.24, -0.17), (0.0, -0.28), (-0.26, -0.3)],
    "nose": [(0.0, 0.1), (-0.1, 0.12), (0.1, 0.12), (0.0, 0.0)],
    "mouth": [(-0.2, 0.32), (0.2, 0.32), (0.0, 0.3), (0.0, 0.46)],
    "periphery": [(-0.5, 0.0), (0.5, 0.0), (0.0, -0.7), (0.0, 0.7), (0.9, 0.9), (-0.4, 0.45)],
}
"""Eyes and brows; tip, wings and back of the nose; corners and lips; ears, outline and what is beyond."""
OPEN = [(-0.28, 0.12), (0.28, 0.12), (0.0, -0.45)]
"""Cheeks and forehead, which belong to no part."""


def seen(width: float, roll: float) -> tuple[Target, np.ndarray]:
    """Return a face in the middle of a patch twice as wide, and the 2x3 matrix from its coordinates to it."""
    turn = math.radians(roll)
    matrix = width * np.array([[math.cos(turn), -math.sin(turn), 1], [math.sin(turn), math.cos(turn), 1]])
    points = np.array(POINTS) @ matrix[:, :2].T + matrix[:, 2]
    high = HALF_HEIGHT * width
    box = (width / 2, width - high, width * 1.5, width + high)
    return Target(box, landmarks=tuple(map(tuple, points.tolist()))), matrix


def at(matrix: np.ndarray, place: tuple[float, float], side: int) -> tuple[int, int]:
    """Return row and column of a place of the face, within a patch of a side."""
    x, y = np.clip(np.floor(matrix[:, :2] @ place + matrix[:, 2]), 0, side - 1).astype(int)
    return int(y), int(x)


@pytest.mark.parametrize("roll", [0, 35, 90, -160])
@pytest.mark.parametrize("width", [24, 100, 400])
@pytest.mark.parametrize("part", PLACES)
def test_a_part_lies_where_its_feature_is(part: str, width: int, roll: int) -> None:
    """In a face of any size and roll it holds its own places and no other part's, nor a cheek or the forehead."""
    target, matrix = seen(width, roll)
    share = parts.share([part], (2 * width, 2 * width), target, 0.0)
    for name, places in {**PLACES, "open": OPEN}.items():
        held = [share[at(matrix, place, 2 * width)] for place in places]
        assert held == [float(name == part)] * len(places), name


@pytest.mark.parametrize("yaw", [-40, 0, 40])
def test_the_parts_of_a_turned_face_follow_its_points(yaw: int) -> None:
    """Each eye, the tip of the nose and the corners of the mouth are held wherever the points say that they are."""
    turn = math.radians(yaw)
    solid = np.column_stack([POINTS, [0, 0, NOSE_DEPTH, 0, 0]])
    there = 100 + 100 * np.column_stack([solid[:, 0] * math.cos(turn) + solid[:, 2] * math.sin(turn), solid[:, 1]])
    target = Target((50, 34, 150, 166), landmarks=tuple(map(tuple, there.tolist())))
    for name, marks in {"eyes": there[:2], "nose": there[2:3], "mouth": there[3:]}.items():
        share = parts.share([name], (200, 200), target, 0.0)
        assert all(share[int(y), int(x)] == 1 for x, y in marks)


def test_a_feather_lies_beyond_the_edge() -> None:
    """What is held without one is held wholly with it, and it falls evenly from 1 to 0 within its width."""
    target, _ = seen(200, 0)
    sharp, soft = (parts.share(["eyes"], (400, 400), target, feather) for feather in (0.0, parts.FEATHER))
    assert (soft[sharp > 0] == 1).all()
    above = soft[:170, 200]
    fading = above[(above > 0) & (above < 1)]
    assert len(fading) == pytest.approx(parts.FEATHER * 200, abs=2)
    assert np.diff(fading) == pytest.approx(1 / (parts.FEATHER * 200), rel=0.1)


@pytest.mark.parametrize("rest", [Scramble("tiles"), Scramble("tiles", 3), Warp(0.25), Pixelate(16, 0), Recolor()])
@pytest.mark.parametrize("part", PLACES)
def test_nothing_of_a_part_gets_through_the_rest(part: str, rest: Method) -> None:
    """However the rest moves pixels, a patch does not depend on what lay in the masked part."""
    target, _ = seen(100, 20)
    held = parts.share([part], (200, 200), target, 0.0)[..., None] > 0
    grain = np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8)
    method = Regions([part], Mask(), rest)
    red, blue = (method.apply(np.where(held, colour, grain).astype(np.uint8), target, rng()) for colour in (RED, BLUE))
    assert np.array_equal(red, blue)
    assert (red[held[..., 0]] == 128).all()


def test_parts_get_the_method_and_everything_else_the_rest() -> None:
    """Within a part each pixel is the method's, far from it the rest's, and none is what it was."""
    target, _ = seen(100, 0)
    patch = np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8)
    method = Regions(["mouth"], Pixelate(4, 0), Warp(0.05))
    after, draws = method.apply(patch, target, rng()), rng()
    share = parts.share(["mouth"], patch.shape, target, parts.FEATHER)
    strong = method.method.apply(patch, target, draws)
    assert np.array_equal(after[share == 1], strong[share == 1])
    mild = method.rest.apply(patch, target, draws)
    far = parts.share(["mouth"], patch.shape, target, 3 * parts.FEATHER) == 0
    assert np.array_equal(after[far], mild[far])
    assert (after != patch).any(2).mean() > 0.98


def test_between_part_and_rest_is_what_lies_between_their_values() -> None:
    """In the feather a pixel goes from the one to the other, at either depth."""
    target, _ = seen(100, 0)
    for dtype in (np.uint8, np.uint16):
        top = np.iinfo(dtype).max
        patch = np.full((200, 200, 1), top // 2, dtype)
        after = Regions(["nose"], Pixelate(1, 0), Recolor(2, 0)).apply(patch, target, rng())[..., 0]
        share = parts.share(["nose"], patch.shape, target, parts.FEATHER)
        ends = after[share == 1][0], after[share == 0][0]
        assert ends[0] != ends[1]
        mixed = share * float(ends[0]) + (1 - share) * float(ends[1])
        assert np.abs(after - mixed).max() <= 0.51 + top / 1e6


def test_where_nobody_can_tell_a_part_all_is_treated_by_the_method() -> None:
    """A box without extent leaves no part of the region to the milder method."""
    after = Regions(["nose"], Mask(), Recolor()).apply(face(), Target((60, 60, 60, 60)), rng())
    assert (after == 128).all()


def test_a_number_of_parts_is_the_most_telling_ones() -> None:
    """The first so many by what the similarity of two photos of a person loses without them."""
    assert list(parts.DROPS.values()) == sorted(parts.DROPS.values(), reverse=True)
    for count in range(1, len(parts.DROPS) + 1):
        assert methods.parameters(Regions(count))["parts"] == list(parts.DROPS)[:count]
    assert Regions(["mouth", "eyes", "mouth"]) == Regions(("eyes", "mouth"))
    assert methods.build({"name": "regions", "parts": "nose"}) == Regions(["nose"])


@pytest.mark.parametrize("name", [name for name in METHODS if name != "regions"])
@pytest.mark.parametrize("count", [1, 4])
def test_parts_alone_are_milder_than_the_whole(name: str, count: int) -> None:
    """For every method there is, a chain can go from it on parts to it on everything, and not the other way."""
    method, mildest = METHODS[name](), Recolor(64, 0.0)
    on_parts = Regions(count, method, mildest)
    assert mildest.strength < on_parts.strength < method.strength
    if name != "mask":
        KindRule((mildest, on_parts, method, Mask()), 1.6)
    assert Regions(count, method, mildest).strength <= Regions(4, method, mildest).strength


NESTED: dict[str, Any] = {
    "name": "regions",
    "parts": ["eyes", "mouth"],
    "method": {"name": "dp_pix", "epsilon": 0.25, "changed_ratio": 0.01, "cells": 5},
    "rest": {"name": "warp", "amplitude": 0.1},
}


def test_a_policy_with_methods_within_a_method_comes_back() -> None:
    """Through plain values, YAML, JSON and pickle it is the same, and the text of its digest has inner parameters."""
    plain = public().to_mapping()
    plain["face"]["chain"] = [NESTED, {"name": "mask", "level_ratio": 0.5}]
    policy = Policy.from_mapping(plain)
    assert policy.to_mapping()["face"]["chain"][0] == NESTED
    for again in (yaml.safe_load(yaml.safe_dump(policy.to_mapping())), json.loads(policy.canonical())):
        assert Policy.from_mapping({"originals_visible": False, "tier": policy.tier, **again}) == policy
    assert pickle.loads(pickle.dumps(policy)) == policy  # noqa: S301 - made in this line
    assert hash(policy.face) == hash(Policy.from_mapping(plain).face)
    plain["face"]["chain"] = [{**NESTED, "rest": {"name": "warp", "amplitude": 0.2}}, "mask"]
    assert Policy.from_mapping(plain).canonical() != policy.canonical()


@pytest.mark.parametrize(
    ("wish", "error", "says"),
    [
        pytest.param({"parts": ["ears"]}, UnknownNameError, "part of a face 'ears'.*known: eyes", id="unknown-part"),
        pytest.param({"parts": ["eye"]}, UnknownNameError, "did you mean 'eyes'", id="almost-a-part"),
        pytest.param({"parts": []}, SpecError, "names or their number.*known: eyes", id="no-parts"),
        pytest.param({"parts": ""}, UnknownNameError, "part of a face ''.*known: eyes", id="empty-text"),
        pytest.param({"parts": None}, SpecError, "names or their number.*known: eyes", id="none"),
        pytest.param({"parts": {"eyes": 1}}, SpecError, "names or their number", id="a-mapping"),
        pytest.param({"parts": [["eyes"]]}, SpecError, "part of a face", id="a-list-in-a-list"),
        pytest.param({"parts": 0}, SpecError, r"\[1, 4\], got 0", id="zero"),
        pytest.param({"parts": 5}, SpecError, r"\[1, 4\], got 5", id="five"),
        pytest.param({"parts": True}, SpecError, "whole number", id="yes"),
        pytest.param({"parts": 1.5}, SpecError, "names or their number", id="broken"),
        pytest.param({"method": "maks"}, UnknownNameError, "within regions 'maks'; did you mean 'mask'", id="unknown"),
        pytest.param({"method": "regions"}, UnknownNameError, "within regions 'regions'.*known: avatar", id="itself"),
        pytest.param({"rest": {"name": "regions"}}, UnknownNameError, "within regions 'regions'", id="rest-itself"),
        pytest.param({"method": {"name": "mask", "level": 1}}, UnknownNameError, "regions mask 'level'", id="inner"),
        pytest.param({"method": {"name": "pixelate", "cells": 0}}, SpecError, r"\[1, 16\], got 0", id="inner-range"),
        pytest.param({"method": 3}, SpecError, "must be a method other than regions, got 3", id="no-method"),
        pytest.param({"method": Pixelate}, SpecError, "must be a method", id="a-class"),
        pytest.param({"rest": None}, SpecError, "must be a method", id="no-rest"),
        pytest.param({"rest": "mask"}, SpecError, "rest must be milder than method, got mask", id="rest-stronger"),
        pytest.param({"method": "pixelate", "rest": "pixelate"}, SpecError, "must be milder", id="as-strong"),
    ],
)
def test_a_bad_wish_says_what_is_wrong(wish: dict[str, object], error: type[SpecError], says: str) -> None:
    """Unknown parts and methods are answered with the known ones, and no method is within itself."""
    with pytest.raises(error, match=says):
        methods.build({"name": "regions", **wish})


def test_one_within_another_is_refused_however_it_is_made() -> None:
    """The constructor does not let through what a wish may not say."""
    with pytest.raises(SpecError, match="method other than regions"):
        Regions(1, Regions())


def test_without_points_parts_lie_where_an_upright_face_has_them() -> None:
    """The box alone puts them where the points of an upright face do."""
    target, _ = seen(100, 0)
    for part in parts.DROPS:
        told, bare = (parts.share([part], (200, 200), one, 0.0) for one in (target, Target(target.box_xyxy)))
        assert (told != bare).mean() < 0.001
        assert (told != parts.share([part], (200, 200), Target(FACE_BOX), 0.0)).mean() > 0.01
