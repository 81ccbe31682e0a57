"""Policies: what ships, what is refused, and what the digest sees."""

import copy
import json
import pickle
from typing import Any

import pytest

from anonymizer_udfs import policy
from anonymizer_udfs.detection import CenterFace, YuNet
from anonymizer_udfs.detection.plans import PLANS
from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods import Avatar, Blur, Mask, Method, Pixelate
from anonymizer_udfs.models.base import ModelRef
from anonymizer_udfs.policy import KindRule, Policy
from conf import policies

MODEL = ModelRef("things", "things.onnx", "0" * 64)
SHIPPED = [pytest.param(name, id=name) for name in policies.names()]


def changed(**changes: Any) -> dict[str, Any]:
    """Return the default policy's mapping with some keys replaced, or left out where the value is ``...``."""
    mapping = {**copy.deepcopy(policy.public().to_mapping()), **changes}
    return {key: value for key, value in mapping.items() if value is not ...}


def test_the_default_is_the_shipped_public_policy() -> None:
    """A notebook without files and a job with them use the same default, and it is the strictest."""
    default = policy.public()
    assert Policy.from_mapping(policies.load("public")) == default
    assert default.face == KindRule((Mask(),), 2.0)
    assert not default.originals_visible


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_is_valid_and_comes_back(name: str) -> None:
    """Each file is a policy of its own name, ends with the mask, and survives its mapping and pickle unchanged."""
    shipped = Policy.from_mapping(policies.load(name))
    assert shipped.name == name
    assert isinstance(shipped.face.chain[-1], Mask)
    assert Policy.from_mapping(json.loads(json.dumps(shipped.to_mapping()))) == shipped
    assert pickle.loads(pickle.dumps(shipped)) == shipped  # noqa: S301 - made in this line


@pytest.mark.parametrize(
    ("name", "chain", "region_ratio"),
    [
        pytest.param("public", (Mask(),), 2.0, id="public"),
        pytest.param("partner", (Pixelate(5, 0.1), Mask()), 1.6, id="partner"),
        pytest.param("internal", (Pixelate(5, 0), Mask()), 1.3, id="internal"),
        pytest.param("research", (Pixelate(5, 0.1), Mask()), 1.0, id="research"),
    ],
)
def test_what_ships_is_what_the_contract_says(name: str, chain: tuple[Method, ...], region_ratio: float) -> None:
    """Methods and regions are those of the table of policies; none of them blurs or shows originals."""
    shipped = Policy.from_mapping(policies.load(name))
    assert shipped.face == KindRule(chain, region_ratio)
    assert not shipped.originals_visible
    assert shipped.detectors == (CenterFace(), YuNet())
    assert shipped.plan.name == ("thorough" if name == "public" else "balanced")


@pytest.mark.parametrize(
    ("mapping", "error", "says"),
    [
        pytest.param({}, SpecError, "missing: name, plan", id="nothing"),
        pytest.param(changed(detectors=...), SpecError, "missing: detectors", id="no-detectors"),
        pytest.param(changed(regoin=2), UnknownNameError, "key of policy 'regoin'", id="unknown-key"),
        pytest.param(
            changed(plan="thorogh"),
            UnknownNameError,
            "did you mean 'thorough'.*known: balanced, fast, thorough",
            id="unknown-plan",
        ),
        pytest.param(changed(name="Öffentlich"), SpecError, "lower-case name", id="name"),
        pytest.param(changed(panel=None), SpecError, "panel must be a list", id="no-panel"),
        pytest.param(changed(originals_visible="no"), SpecError, "true or false", id="a-word-for-a-bool"),
        pytest.param(changed(detector="centerface"), UnknownNameError, "did you mean 'detectors'", id="detector"),
        pytest.param(changed(detectors="centerface"), SpecError, r"write \[centerface\]", id="detectors-a-word"),
        pytest.param(changed(detectors=[5]), SpecError, "by its name, or a mapping", id="detector-a-number"),
        pytest.param(changed(fusion=["wbf"]), SpecError, "by its name, or a mapping", id="fusion-a-list"),
        pytest.param(changed(detectors=[]), SpecError, "finds faces, got none", id="no-detector"),
        pytest.param(
            changed(detectors=["centerface", "centrface"]), UnknownNameError, "did you mean 'centerface'", id="detector"
        ),
        pytest.param(changed(detectors=["yunet", "yunet"]), SpecError, "differ in their names", id="detector-twice"),
        pytest.param(
            changed(detectors=[{"name": "centerface", "score_threshold": 0}]), SpecError, "score_threshold", id="score"
        ),
        pytest.param(changed(fusion="median"), UnknownNameError, "known: union, wbf", id="fusion"),
        pytest.param(changed(bands={"sure": 0.2, "unsure": 0.5}), SpecError, "0 < unsure <= sure", id="band-order"),
        pytest.param(changed(bands={"sure": 0.5}), SpecError, "missing: unsure", id="one-band"),
        pytest.param(changed(bands={"sure": "high", "unsure": 0.5}), SpecError, "bands.sure must be", id="band-a-word"),
        pytest.param(changed(bands=0.5), SpecError, "bands must be a mapping", id="bands-a-number"),
        pytest.param(changed(second_look="twice"), UnknownNameError, "plan 'twice'", id="second-look"),
        pytest.param(changed(thorough_share=2), SpecError, r"thorough_share.*\[0, 1\], got 2", id="share"),
        pytest.param(
            changed(plate={"chain": ["mask"], "region_ratio": 1.2}), SpecError, "none of .* finds any", id="no-plates"
        ),
        pytest.param(
            changed(detectors=["centerface", {"name": "yolo", "model": MODEL, "kind": "person"}]),
            SpecError,
            "yolo finds people",
            id="people",
        ),
        pytest.param(
            changed(plan={"name": "own", "passes": [{"name": "a", "long_side_px": [640, 640], "detectors": ["dlip"]}]}),
            UnknownNameError,
            "did you mean 'dlib'",
            id="detector-of-a-pass",
        ),
        pytest.param(changed(face=[]), SpecError, "face must be a mapping", id="face-a-list"),
        pytest.param(changed(face={"chain": ["mask"]}), SpecError, "missing: region_ratio", id="no-region"),
        pytest.param(changed(face={"chain": "mask", "region_ratio": 2}), SpecError, "must be a list", id="chain-text"),
        pytest.param(
            changed(face={"chain": ["mask"], "region_ratio": 2, "cells": 3}), UnknownNameError, "'cells'", id="face-key"
        ),
        pytest.param(
            changed(face={"chain": [{"name": "pixelate", "cells": 99}, "mask"], "region_ratio": 2}),
            SpecError,
            r"cells must be a whole number in \[1, 16\], got 99",
            id="method-parameter",
        ),
    ],
)
def test_a_bad_mapping_is_refused_whole(mapping: dict[str, Any], error: type[SpecError], says: str) -> None:
    """A policy is complete and in range, or it is an error that says which key, what came and what is known."""
    with pytest.raises(error, match=says):
        Policy.from_mapping(mapping)


@pytest.mark.parametrize(
    ("chain", "says"),
    [
        pytest.param((), "end with mask.*got nothing", id="empty"),
        pytest.param((Pixelate(),), "end with mask.*got pixelate", id="no-mask"),
        pytest.param((Mask(), Pixelate()), "end with mask", id="mask-first"),
        pytest.param((Mask(form="ellipse"),), "one of the forms block, icon, got ellipse", id="ellipse"),
        pytest.param((Pixelate(), Mask(form="silhouette")), "one of the forms block, icon", id="silhouette"),
        pytest.param((Mask(form="icon"), Mask()), "rise from mild to strong", id="icon-before-block"),
        pytest.param((Mask(form="silhouette"), Mask(form="ellipse"), Mask()), "rise", id="less-of-a-shape"),
        pytest.param((Mask(), Mask()), "rise from mild to strong", id="mask-twice"),
        pytest.param((Pixelate(3), Pixelate(5), Mask()), "rise", id="weaker-cells"),
        pytest.param((Pixelate(5, 0.2), Pixelate(5, 0.1), Mask()), "rise", id="less-noise"),
        pytest.param((Pixelate(5), Blur(), Mask()), "rise", id="blur-after-cells"),
    ],
)
def test_a_chain_rises_and_ends_safe(chain: tuple[Method, ...], says: str) -> None:
    """An escalation that could end recognisable, or get weaker on its way, cannot be built."""
    with pytest.raises(SpecError, match=says):
        KindRule(chain, 1.0)


@pytest.mark.parametrize(
    "chain",
    [
        pytest.param((Mask(form="icon"),), id="icon"),
        pytest.param((Mask(form="ellipse"), Mask(form="silhouette"), Mask(form="icon")), id="every-form"),
        pytest.param(
            (Pixelate(), Mask(form="silhouette"), Avatar(), Avatar("silhouette"), Mask()), id="avatars-between"
        ),
    ],
)
def test_a_shape_may_come_before_what_covers_all(chain: tuple[Method, ...]) -> None:
    """Each opaque form ends a chain, and the others are links of one."""
    assert KindRule(chain, 1.6).chain == chain


@pytest.mark.parametrize(
    "ratio",
    [pytest.param(v, id=str(v)) for v in (0.99, 4.1, float("nan"), float("inf"), True, "2")],
)
def test_a_region_holds_its_box(ratio: Any) -> None:
    """A region smaller than what was detected, or no number, is refused."""
    with pytest.raises(SpecError, match="region_ratio must be a number"):
        KindRule((Mask(),), ratio)


def test_the_digest_sees_what_changes_an_image() -> None:
    """Each parameter of the policy shows in the canonical text; how a file was written does not."""
    base = policy.public().canonical()
    same = changed(detectors=["centerface", "yunet"], face={"region_ratio": 2, "chain": [{"name": "mask"}]})
    assert Policy.from_mapping(dict(reversed(same.items()))).canonical() == base
    differing = [
        changed(name="mine"),
        changed(panel=["other"]),
        changed(detectors=["centerface"]),
        changed(detectors=[{"name": "centerface", "score_threshold": 0.31}, "yunet"]),
        changed(plan="balanced"),
        changed(bands={"sure": 0.7, "unsure": 0.4}),
        changed(fusion="union"),
        changed(second_look=None),
        changed(thorough_share=0.5),
        changed(face={"region_ratio": 2.1, "chain": ["mask"]}),
        changed(face={"region_ratio": 2, "chain": [{"name": "mask", "level_ratio": 0}]}),
        changed(face={"region_ratio": 2, "chain": [{"name": "mask", "form": "icon"}]}),
        changed(face={"region_ratio": 2, "chain": ["pixelate", "mask"]}),
    ]
    texts = {Policy.from_mapping(mapping).canonical() for mapping in differing} | {base}
    assert len(texts) == len(differing) + 1


def test_what_a_sheet_shows_is_not_in_the_digest() -> None:
    """Allowing originals on contact sheets processes no image again."""
    assert Policy.from_mapping(changed(originals_visible=True)).canonical() == policy.public().canonical()


@pytest.mark.parametrize("name", sorted(PLANS))
def test_a_plan_is_data(name: str) -> None:
    """A plan that ships and the same passes written into a policy are one policy."""
    written = changed(plan=PLANS[name].to_mapping())
    assert Policy.from_mapping(written) == Policy.from_mapping(changed(plan=name))


def test_pictures_with_nothing_found_are_searched_again_by_a_share() -> None:
    """All of them, none or about the share asked for, chosen by their ids; never where the plan is thorough already."""
    ids = [f"{'0' * 8}{i * 2**22:08x}{'0' * 16}" for i in range(1024)]

    def chosen(**changes: Any) -> int:
        made = Policy.from_mapping(changed(**changes))
        return sum(made.searches_again(one) for one in ids)

    assert chosen(plan="balanced", thorough_share=0) == 0
    assert chosen(plan="balanced", thorough_share=0.25) == 256
    assert chosen(plan="balanced", thorough_share=1) == 1024
    assert chosen(plan="thorough", thorough_share=1) == 0
