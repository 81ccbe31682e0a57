"""Plans: passes as data, what is refused, and what each shows of a picture."""

from typing import Any

import pytest

from anonymizer_udfs.detection.passes import Pass
from anonymizer_udfs.detection.plans import PLANS, Plan
from anonymizer_udfs.errors import SpecError, UnknownNameError

FULL = {"name": "full", "long_side_px": [640, 640]}
ZOOM = {"name": "zoom", "zoom_px": 48}


def test_three_plans_ship_from_cheap_to_thorough() -> None:
    """Each comes back from its own mapping; each costs more views than the one before."""
    assert list(PLANS) == ["fast", "balanced", "thorough"]
    for plan in PLANS.values():
        assert Plan.build(plan.to_mapping()) == plan
    pixels = [
        sum(v.size_wh[0] * v.size_wh[1] for p in plan.passes if isinstance(p, Pass) for v in p.views((640, 480)))
        for plan in PLANS.values()
    ]
    assert pixels == sorted(set(pixels))


@pytest.mark.parametrize(
    ("wish", "error", "says"),
    [
        pytest.param("thorogh", UnknownNameError, "did you mean 'thorough'", id="unknown-plan"),
        pytest.param(None, SpecError, "one of fast, balanced, thorough", id="nothing"),
        pytest.param({"name": "own", "passes": []}, SpecError, "at least one pass", id="no-pass"),
        pytest.param(
            {"name": "own", "passes": [FULL], "size": 1}, UnknownNameError, "key of plan 'size'", id="plan-key"
        ),
        pytest.param({"name": "own", "passes": [FULL, FULL]}, SpecError, "name of its own", id="one-name-twice"),
        pytest.param({"name": "own", "passes": [{"name": "a"}]}, SpecError, "missing: long_side_px", id="no-size"),
        pytest.param({"name": "own", "passes": ["full"]}, SpecError, "a pass must be a mapping", id="pass-a-word"),
        pytest.param(
            {"name": "own", "passes": [{**FULL, "zoom": 2}]}, UnknownNameError, "key of a pass 'zoom'", id="key"
        ),
        pytest.param({"name": "own", "passes": [{**FULL, "when": ["dark"]}]}, SpecError, "first pass", id="first"),
        pytest.param({"name": "own", "passes": [ZOOM]}, SpecError, "first pass cannot depend", id="zoom-first"),
        pytest.param(
            {"name": "own", "passes": [FULL, {**ZOOM, "tile_px": 9}]}, UnknownNameError, "key of a zoom", id="zoom-key"
        ),
        pytest.param(
            {"name": "own", "passes": [FULL, {**ZOOM, "side_px": 32}]}, SpecError, "at least zoom_px 48", id="zoom-side"
        ),
        pytest.param(
            {"name": "own", "passes": [FULL, {**ZOOM, "least": 0}]}, SpecError, r"least .* \[0.01, 1\]", id="least"
        ),
        pytest.param(
            {"name": "own", "passes": [FULL, {**ZOOM, "turns_degrees": [360]}]}, SpecError, "turns_degrees", id="turned"
        ),
        pytest.param(
            {"name": "own", "passes": [FULL, {**ZOOM, "turns_degrees": []}]}, SpecError, "turns_degrees", id="no-angle"
        ),
        pytest.param(
            {"name": "own", "passes": [FULL, {**ZOOM, "turns_degrees": [True]}]},
            SpecError,
            "turns_degrees",
            id="a-bool",
        ),
    ],
)
def test_a_bad_plan_is_refused(wish: Any, error: type[Exception], says: str) -> None:
    """What cannot be is named, with what is known."""
    with pytest.raises(error, match=says):
        Plan.build(wish)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"long_side_px": [640]}, "two rising lengths", id="one-length"),
        pytest.param({"long_side_px": [1280, 640]}, "two rising lengths", id="falling"),
        pytest.param({"long_side_px": [0, 640]}, "two rising lengths", id="zero"),
        pytest.param({"long_side_px": 640}, "must be a list", id="a-number"),
        pytest.param({"enlarge_max": 0.5}, "enlarge_max", id="shrinks"),
        pytest.param({"enlarge_max": True}, "enlarge_max", id="a-bool"),
        pytest.param({"tile_px": 5000}, "tile_px", id="huge-tiles"),
        pytest.param({"overlap_ratio": 0.9}, "overlap_ratio", id="overlap"),
        pytest.param({"margin_ratio": -1}, "margin_ratio", id="margin"),
        pytest.param({"name": 5}, "must have a name, got 5", id="name-a-number"),
        pytest.param({"tile_px": 640.5}, "tile_px must be a whole number", id="half-a-pixel"),
        pytest.param({"detectors": [["yunet"]]}, "detectors must be names", id="detectors-nested"),
        pytest.param({"turns": [True]}, "quarter turns", id="turns-a-bool"),
        pytest.param({"turns": [4]}, "quarter turns", id="five-turns"),
        pytest.param({"turns": []}, "quarter turns", id="no-turns"),
        pytest.param({"mirrored": "yes"}, "true or false", id="mirrored"),
        pytest.param({"when": ["night"]}, "condition of pass full 'night'; known: ", id="condition"),
    ],
)
def test_a_bad_pass_is_refused(change: dict[str, Any], says: str) -> None:
    """Each value has a range, and the message has the pass's name."""
    with pytest.raises(SpecError, match=says):
        Plan.build({"name": "own", "passes": [{**FULL, **change}]})


@pytest.mark.parametrize(
    ("made", "wh", "sizes"),
    [
        pytest.param(Pass("a", (640, 640)), (4000, 3000), [(640, 480)], id="shrunk"),
        pytest.param(Pass("a", (640, 640)), (100, 50), [(100, 50)], id="never-enlarged"),
        pytest.param(Pass("a", (640, 640), enlarge_max=2), (100, 50), [(200, 100)], id="enlarged"),
        pytest.param(Pass("a", (640, 640), turns=(0, 1)), (640, 480), [(640, 480), (480, 640)], id="turned"),
        pytest.param(Pass("a", (100, 100), margin_ratio=0.5), (100, 100), [(200, 200)], id="margin"),
        pytest.param(Pass("a", (200, 200), tile_px=128), (200, 100), [(116, 100)] * 2, id="tiles"),
        pytest.param(Pass("a", (640, 640)), (1, 1), [(1, 1)], id="one-pixel"),
    ],
)
def test_what_a_pass_shows(made: Pass, wh: tuple[int, int], sizes: list[tuple[int, int]]) -> None:
    """Sizes of the views of a picture."""
    assert [view.size_wh for view in made.views(wh)] == sizes
