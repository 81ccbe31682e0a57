"""The command ``faceveil policy``: what it lists, writes out, explains and refuses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from anonymizer_udfs import methods
from anonymizer_udfs.detection.plans import PLANS, Plan
from anonymizer_udfs.methods import METHODS, build
from anonymizer_udfs.policy import KindRule, Policy
from conf import policies, settings
from jobs import anonymize, policy, spoken
from tests.unit.jobs.cases import Asked, Told

NAMES = [pytest.param(name, id=name) for name in policies.names()]
OWN = {
    "name": "own",
    "plan": {
        "name": "two",
        "passes": [
            {"name": "full", "long_side_px": [320, 960], "enlarge_max": 2.0},
            {"name": "near", "zoom_px": 40, "turns_degrees": [0, 90], "when": ["rolled_found"], "detectors": ["yunet"]},
        ],
    },
    "detectors": ["yunet", {"name": "yolo", "model": "lpd_yunet", "classes": [2]}, {"name": "dlib", "nms_iou": 0.2}],
    "bands": {"sure": 0.7, "unsure": 0.2},
    "fusion": {"name": "union", "min_iou": 0.4},
    "face": {"chain": [{"name": "pixelate", "cells": 3}, "mask"], "region_ratio": 1.5},
    "plate": {"chain": ["mask"], "region_ratio": 1.2},
    "second_look": None,
    "panel": ["dlib_resnet"],
}
"""A policy with a plan, plates and a model of its own, and nothing at its default that may differ."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home without models: nothing of this machine's shows."""
    monkeypatch.setenv("FACEVEIL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def file_of(folder: Path, given: object) -> Path:
    """Write a policy file."""
    file = folder / "mine.yaml"
    text = given if isinstance(given, str | bytes) else yaml.safe_dump(given)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def loaded(name: object) -> Policy:
    """Return a policy as a run takes it."""
    return policy.load(str(name), settings.load())


def changed(**changes: Any) -> dict[str, Any]:
    """Return the mapping of a valid policy of one's own with some keys replaced."""
    return {**OWN, **changes}


def test_list_has_a_line_for_each_policy_that_ships(told: Told, asked: Asked) -> None:
    """The default comes first and is the one that ``anonymize`` takes; columns begin where their heads do."""
    title, head, *lines = told(policy, "list").splitlines()
    assert sorted(line.split()[0] for line in lines) == policies.names()
    default = anonymize.parser().get_default("policy")
    assert (lines[0].split()[0], default) == (policy.DEFAULT, policy.DEFAULT)
    assert default in title
    assert all(line[head.index("region") + len("region") - 1] == "x" for line in lines)
    assert "partner at 0.7" in next(line for line in lines if line.split()[0] == "internal")
    for column in ("plan", "detectors", "bands", "chain", "second look"):
        at = head.index(column)
        assert all(line[at - 1] == " " != line[at] for line in lines), column
    programs = {one["name"]: one for one in asked(policy, "list")}
    assert [name for name, one in programs.items() if one["default"]] == [default]
    assert (programs["partner"]["plan"], programs["partner"]["second_look"]) == ("balanced", "fast")
    assert loaded("partner").bands.sure == programs["partner"]["bands"]["sure"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", [(), ("--json",)], ids=["yaml", "json"])
def test_what_is_shown_loads_as_an_equal_policy(name: str, how: tuple[str], told: Told, tmp_path: Path) -> None:
    """A policy that ships, shown and given back as a file, is the same policy with its passes written out."""
    file = file_of(tmp_path, told(policy, "show", name, *how))
    assert loaded(file) == loaded(name)
    said = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert [one["name"] for one in said["plan"]["passes"]] == [one.name for one in loaded(name).plan.passes]


def test_a_policy_of_ones_own_is_shown_with_its_models(told: Told, tmp_path: Path) -> None:
    """A plan, plates, a second look left out and a model named by the file all come back."""
    file = file_of(tmp_path, OWN)
    before = loaded(file)
    shown = told(policy, "show", file)
    assert loaded(file_of(tmp_path, shown)) == before
    assert [one.get("model") for one in yaml.safe_load(shown)["detectors"]] == [None, "lpd_yunet", None]


def test_a_pass_can_be_edited(told: Told, tmp_path: Path) -> None:
    """A number changed in what was shown changes that pass and nothing else."""
    shown = told(policy, "show", "public")
    assert shown.count("long_side_px: [1, 192]") == 1
    mine = loaded(file_of(tmp_path, shown.replace("long_side_px: [1, 192]", "long_side_px: [1, 160]")))
    theirs = loaded("public")
    assert [one.name for one, other in zip(mine.plan.passes, theirs.plan.passes, strict=True) if one != other] == [
        "small"
    ]
    assert (mine.detectors, mine.face, mine.bands) == (theirs.detectors, theirs.face, theirs.bands)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_says_in_words_what_it_does(name: str, told: Told) -> None:
    """Before the keys, as a comment: detectors, plan, bands, region and method as the policy has them."""
    one, (head, _, _) = loaded(name), told(policy, "show", name).partition("\nname:")
    words = " ".join(line.removeprefix("#").strip() for line in head.splitlines())
    for said in spoken.policy(one):
        assert said in words
    assert f"centerface and yunet look by the plan {one.plan.name}" in words
    assert (
        f"The region of a face is {one.face.region_ratio:g} times the detector's box, and gets {one.face.chain[0].name}"
        in words
    )
    assert f"found with {one.bands.unsure:g} or more is anonymized; below {one.bands.sure:g} a person" in words


def test_words_follow_a_policy_of_one_s_own(tmp_path: Path) -> None:
    """Plates, a plan that does not ship, no second look, and a method whose parameters are no numbers."""
    face = {"chain": [{"name": "noise", "scope": "local"}, "mask"], "region_ratio": 1.5}
    words = spoken.policy(loaded(file_of(tmp_path, changed(face=face, originals_visible=True))))
    assert "yunet and yolo and dlib look by the plan two: a plan of its own." in words
    assert any(
        "gets noise(amplitude=4, scope=local); behind it in the chain, which no run climbs yet: mask." in w
        for w in words
    )
    assert "The region of a licence plate is 1.2 times the detector's box, and gets mask." in words
    assert "What is stored is decoded, compared, and not searched again." in words
    assert "Contact sheets show originals beside results." in words


@pytest.mark.parametrize("name", [name for name in methods.METHODS if name != methods.Mask.name])
def test_a_chain_of_any_method_is_told(name: str) -> None:
    """A chain of any method is a line of words that names each parameter, those of a method within it as well."""
    one = methods.build(name)
    line = spoken.chain(KindRule((one, methods.Mask()), 1.6))
    assert line.startswith(f"{name}(" if methods.parameters(one) else f"{name} > ")
    assert all(f"{key}=" in line for key in methods.parameters(one))
    assert "{" not in line


def test_every_plan_is_explained(told: Told, asked: Asked) -> None:
    """Each plan has a purpose, and each of its passes a line with who looks; programs get the passes themselves."""
    assert list(spoken.PURPOSES) == list(PLANS)
    text = told(policy, "plans")
    for plan in PLANS.values():
        lines = text.partition(f"{plan.name}: ")[2].partition("\n\n")[0].splitlines()[2:]
        assert [line.split()[0] for line in lines] == [one.name for one in plan.passes]
        for line, one in zip(lines, plan.passes, strict=True):
            assert spoken.shows(one) in line
            assert (", ".join(one.detectors) or "all") in line
    assert [Plan.build(one) for one in asked(policy, "plans")] == list(PLANS.values())


def test_every_method_is_told_with_its_parameters(told: Told, asked: Asked) -> None:
    """A person sees a line for each, a program what :func:`methods.build` takes."""
    lines = told(policy, "methods").splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(METHODS)
    assert "cells 5, noise_ratio 0.1" in next(line for line in lines if line.startswith("  pixelate"))
    for one in asked(policy, "methods"):
        assert build({"name": one["name"], **one["parameters"]}) == METHODS[one["name"]]()
        assert (one["what"][-1], one["from"]) == (".", "faceveil")


@pytest.mark.parametrize("name", NAMES)
def test_what_ships_is_valid(name: str, asked: Asked) -> None:
    """Where models are missing the policy is valid all the same, and the answer says how to get them."""
    answer = asked(policy, "check", name)
    assert (answer["valid"], answer["name"]) == (True, name)
    assert [note for note in answer["notes"] if "models fetch" not in note] == []
    assert len(answer["notes"]) == 1


def test_a_valid_file_is_told_so(told: Told, tmp_path: Path) -> None:
    """A file that a run would take ends with 0."""
    file = file_of(tmp_path, OWN)
    assert told(policy, "check", file).startswith(f"{file} is valid: policy own\n")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param("", "must be a YAML mapping", id="empty"),
        pytest.param("a: [", "is no YAML", id="no-yaml"),
        pytest.param(b"\xff\xff", "can't decode", id="no-text"),
        pytest.param(changed(detectors=["yunnet"], plate=None), "did you mean 'yunet'", id="detector"),
        pytest.param(changed(plan="balancd"), "did you mean 'balanced'", id="plan"),
        pytest.param(changed(bands={"sure": 0.2, "unsure": 0.5}), "0 < unsure <= sure", id="band-order"),
        pytest.param(
            changed(plan={"passes": [{"name": "a", "long_side_px": [1, 9], "trun": 1}]}), "key of a pass", id="pass"
        ),
        pytest.param(changed(detectors=["yunet", {"name": "yolo", "model": "nobody"}]), "unknown model", id="model"),
        pytest.param(
            changed(detectors=["yunet", {"name": "scrfd", "model": "buffalo_l/det_10g.onnx"}]), "licence", id="licence"
        ),
        pytest.param(changed(panel=["dlib"]), "unknown recognizer 'dlib'", id="recognizer"),
    ],
)
def test_what_a_run_would_refuse_is_told_in_one_line(given: object, says: str, told: Told, tmp_path: Path) -> None:
    """A file that is no policy ends with 2 and one line that says why."""
    said = told(policy, "check", file_of(tmp_path, given), code=2)
    assert says in said
    assert said.count("\n") == 1


def test_a_file_that_cannot_be_read_is_told(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a missing file nor one that may not be read ends in a traceback."""
    assert "give a .yaml file of your own" in told(policy, "check", tmp_path / "gone.yaml", code=2)

    def refuse(name: str) -> dict[str, Any]:
        raise PermissionError(13, "Permission denied", name)

    monkeypatch.setattr(policies, "load", refuse)  # the tests may run as root, who may read everything
    assert "cannot be read: Permission denied" in told(policy, "check", "mine.yaml", code=2)


def test_a_detector_that_nobody_shows_a_picture_is_told(asked: Asked, tmp_path: Path) -> None:
    """One that a plan names in close-ups alone may never see a whole picture; one that no pass names sees them all."""
    passes = [
        {"name": "full", "long_side_px": [1, 640], "detectors": ["centerface"]},
        {"name": "zoom", "zoom_px": 48, "detectors": ["yunet"]},
    ]
    detectors = ["centerface", "yunet", {"name": "dlib"}]
    own = {"name": "own", "passes": passes}
    three = changed(plan=own, second_look="fast", detectors=detectors, plate=None)
    notes = asked(policy, "check", file_of(tmp_path, three))["notes"]
    assert [note for note in notes if "whole picture" in note] == [
        "yunet may never see a whole picture in plan own: its passes name others; add yunet to one of them"
    ]
    assert "whole picture" not in json.dumps(asked(policy, "check", file_of(tmp_path, OWN)))


def test_a_changed_plan_under_a_known_name_is_told(told: Told, asked: Asked, tmp_path: Path) -> None:
    """Rows record a plan by its name, so one that was edited should not go by that of a plan that ships."""
    edited = told(policy, "show", "partner").replace("most: 512", "most: 12")
    notes = asked(policy, "check", file_of(tmp_path, edited))["notes"]
    assert [note for note in notes if "not the one that ships" in note] == [
        "its plan balanced is not the one that ships under this name; give it another"
    ]
    renamed = file_of(tmp_path, edited.replace("name: balanced", "name: mine"))
    assert "not the one that ships" not in told(policy, "check", renamed)


def test_settings_of_a_run_count(told: Told, tmp_path: Path) -> None:
    """A setting that replaces the policy's recognizer is told; one that may not be used is refused."""
    asks_arcface = file_of(tmp_path, changed(panel=["arcface"]))
    other = ("--set", "models.recognizer=dlib_resnet")
    assert "models.recognizer, dlib_resnet, goes before its arcface" in told(policy, "check", asks_arcface, *other)
    said = told(policy, "show", "public", "--set", "models.detector=buffalo_l/det_10g.onnx", code=1)
    assert "licence" in said


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        ([], 2, "see: faceveil policy --help"),
        (["buy"], 2, "command takes one of check, list, map"),
        (["lst"], 2, "did you mean list?"),
        (["show"], 2, "show takes the name of a policy"),
        (["check"], 2, "check takes the name of a policy"),
        (["list", "public"], 2, "list takes nothing after it"),
        (["map", "lake", "photos"], 2, "map takes LAKE PATTERN POLICY"),
        (["show", "pubic"], 2, "did you mean 'public'"),
        (["list", "--set", "models.local_dir=a"], 2, "unknown setting"),
        (["list", "--jsn"], 2, "did you mean --json?"),
        (["--help"], 0, "examples:"),
    ],
    ids=[
        "nothing",
        "command",
        "misspelt",
        "no policy",
        "no file",
        "one too many",
        "one too few",
        "name",
        "setting",
        "option",
        "help",
    ],
)
def test_exit_codes(argv: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Bad arguments end with 2 and say why; help ends with 0 and has examples."""
    try:
        came = policy.main(argv)
    except SystemExit as stop:  # argparse; the dispatcher turns it into a code
        came = int(stop.code or 0)
    out, err = capsys.readouterr()
    assert (came, text in out + err) == (code, True)


def test_the_command_loads_no_spark() -> None:
    """Policies can be looked at on a machine without Java, and at once."""
    code = (
        "import sys; from jobs import policy; policy.main(['list']); print([m for m in ('pyspark', 'mlflow', "
        "'onnxruntime') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"
