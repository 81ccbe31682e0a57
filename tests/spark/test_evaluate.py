"""``faceveil evaluate`` from the outside: real photos, a real recognizer, figures in the table, nobody's name."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from jobs import evaluate, report
from jobs.lake import Lake
from jobs.metrics import Metrics
from tests.support import plate_graphs
from tests.support.anonymizing import DONE, anonymize, events, names, rows
from tests.support.pictures import photos, portrait, write

PEOPLE = 22
REFUSED = 4
ATTACKS = ("static", "parrot", "learned_linear", "replay", "context")
POLICY = Path(__file__).parents[1] / "support" / "one_look.yaml"
MILD = """
name: mild
plan: fast
detectors: [centerface, yunet]
bands: {sure: 0.6, unsure: 0.4}
face: {chain: [{name: pixelate, cells: 5, noise_ratio: 0.0}, mask], region_ratio: 1.3}
panel: [dlib_resnet]
unjudged: pass
thorough_share: 0.0
"""


def evaluated(lake: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    """Evaluate a lake and return the exit code and the answer."""
    capsys.readouterr()
    code = evaluate.main([str(lake), "--json", "--set", "tracking.enabled=false", *options])
    return code, json.loads(capsys.readouterr().out)


def rank1(answer: dict[str, Any]) -> dict[str, float]:
    """Return how often each attacker is right."""
    found = [one for one in answer["figures"] if (one["scope"], one["name"]) == ("attack", "rank1")]
    return {one["dimensions"]["attack"]: one["value"] for one in found if "group" not in one["dimensions"]}


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[str]]:
    """Return a lake of people with two photos each under a mild policy, who they are, and their names."""
    folder = tmp_path_factory.mktemp("labelled")
    people = [one for one in sorted(photos("lfw").iterdir()) if len(list(one.glob("*.jpg"))) > 1][:PEOPLE]
    lines = ["path,person,first"]
    for one in people:
        (folder / "photos" / one.name).mkdir(parents=True)
        for file in sorted(one.glob("*.jpg"))[:2]:
            (folder / "photos" / one.name / file.name).write_bytes(file.read_bytes())
            lines.append(f"{one.name}/{file.name},{one.name},{one.name[0]}")
    (folder / "who.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "mild.yaml").write_text(MILD, encoding="utf-8")
    code = anonymize(folder / "photos", folder / "lake", "--policy", str(folder / "mild.yaml"))
    assert code in {DONE, 3}
    return folder / "lake", folder / "who.csv", [one.name for one in people]


def test_a_mild_policy_is_seen_through_where_it_can_be(
    labelled: tuple[Path, Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A mosaic without noise is replayed at once; photos as they were are found; figures and event are in the lake.

    Photos under masks are told from the mosaics, and not from each other: of k of them one is named, by chance.
    """
    lake, who, people = labelled
    before = rows(lake)
    masked = sum(any(face["method"] == "mask" for face in row["faces"]) for row in before)
    options = ("--labels", str(who), "--policy", str(lake.parent / "mild.yaml"), "--gate", "default")
    code, answer = evaluated(lake, capsys, *options, *(word for one in ATTACKS for word in ("--attack", one)))
    assert set(rank1(answer)) == set(ATTACKS)
    assert masked < PEOPLE / 2
    assert rank1(answer)["replay"] in [pytest.approx(1 - (k - 1) / PEOPLE) for k in range(1, masked + 2)]
    assert rank1(answer)["static"] < 0.5
    controls = {one["name"]: one for one in answer["figures"] if one["scope"] == "control"}
    assert controls["clear_found"]["value"] > 0.9
    assert code == (5 if answer["void"] else REFUSED)
    told = {one["name"]: one for one in answer["figures"] if one["scope"] in {"images", "evaluation"}}
    assert (told["images"]["value"], told["faces"]["value"], told["people"]["value"]) == (44, 44, PEOPLE)
    assert (told["metadata_left"]["value"], told["outside_changed"]["value"]) == (0, 0)
    assert told["outside_changed"]["cases"] == 44
    stored = Metrics(Lake(str(lake))).of(answer["run_id"])
    assert len([one for one in stored if one.scope != "gate"]) == len(answer["figures"])
    assert len(stored) - len(answer["figures"]) == len(answer["verdict"]["checks"])
    assert answer["verdict"]["word"] == "obfuscated"
    kept = {one["name"]: one for one in answer["figures"] if one["scope"] == "utility"}
    assert kept["changed_outside"]["value"] == 0
    mine = [event["event"] for event in events(lake) if event["run_id"] == answer["run_id"]]
    assert mine == ["started", "finished", "verdict"]
    assert Lake(str(lake)).ledger.verify() == len(events(lake))
    assert rows(lake) == before
    _nobody_is_named(lake, people)


def _nobody_is_named(lake: Path, people: list[str]) -> None:
    """No name of anybody, and no template, is in any byte of the lake."""
    for file in (one for one in lake.rglob("*") if one.is_file() and "images" not in one.parts):
        content = file.read_bytes()
        assert not any(name.encode() in content for name in people), file.name


def test_groups_are_those_that_were_asked_for_and_galleries_may_be_larger(
    labelled: tuple[Path, Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A group of fewer than ten people has no figure; who is not attacked is in the gallery by template alone.

    People are counted on both sides where somebody can: here by a model that sees one everywhere.
    """
    lake, who, _ = labelled
    options = ("--labels", str(who), "--policy", str(lake.parent / "mild.yaml"), "--attack", "static")
    counting = ("--person-detector", "mine/people.onnx", *accepted(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "people.onnx").write_bytes(plate_graphs.somebody())
    _, answer = evaluated(lake, capsys, *options, *counting, "--group", "first", "--people", str(PEOPLE - 1))
    kept = {one["name"]: one for one in answer["figures"] if one["scope"] == "utility"}
    assert {name: (one["value"], one["cases"]) for name, one in kept.items() if name.startswith("person")} == {
        "person_count_kept": (1, 44),
        "person_retention": (1, 44),
    }
    groups = {one["dimensions"].get("of") for one in answer["figures"] if one["dimensions"].get("group")}
    assert groups <= {"A"}
    ranked = [one for one in answer["figures"] if one["name"] == "rank1" and "group" not in one["dimensions"]]
    sizes = {one["dimensions"]["gallery"]: one["people"] for one in ranked}
    assert sizes == {str(PEOPLE - 1): PEOPLE - 1, str(PEOPLE): PEOPLE}


def test_without_labels_each_photo_is_attacked_by_itself_and_others_stand_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only from inside of regions: under one mask for all, everybody has chance. A source that is gone is counted.

    Canaries are looked for by the folder's clear photos; all are one woman, so nobody is found but by chance. For two
    recognizers all originals are one person, who is too few to be attacked.
    """
    files = {f"{number}.png": portrait(number) for number in range(24)}
    source = write(tmp_path / "photos", files)
    lake = tmp_path / "lake"
    assert anonymize(source, lake, "--policy", str(POLICY)) in {DONE, 3}
    gone = next(Path(uri.removeprefix("file://")) for uri in names(lake).values())
    gone.unlink()
    people = {f"Jane {n}/{i}.png": portrait(100 + 4 * n + i) for n in range(PEOPLE) for i in range(2)}
    folder = write(tmp_path / "consented", people)
    options = ["--canaries", str(folder), "--canary-count", str(4 * PEOPLE), *packs("fixture/w_mbf128.onnx")]
    attacks = ("--attack", "static", "--attack", "replay")
    code, answer = evaluated(lake, capsys, "--policy", str(POLICY), *attacks, *options)
    assert code == DONE
    told = {one["name"]: one["value"] for one in answer["figures"] if one["scope"] == "evaluation"}
    assert told["gone"] == 1
    assert rank1(answer)["static"] == pytest.approx(1 / told["faces"], abs=0.05)
    assert not [one for one in answer["figures"] if one["scope"] == "control"]
    mine = [one for one in answer["figures"] if one["scope"] == "stand_in"]
    count = {(one["dimensions"]["people"], one["name"]): one["value"] for one in mine if len(one["dimensions"]) == 1}
    assert count["canaries", "people"] >= 20
    found = {one["dimensions"]["attack"]: one for one in mine if one["name"] == "rank1"}
    assert set(found) == {"static", "replay"}
    assert all(one["low"] <= 1 / PEOPLE and one["value"] < 0.3 for one in found.values())
    assert {one["name"] for one in mine if "asked" in one["dimensions"]} >= {"weak_blur_broken", "stranger_found"}
    if "--panel" in options:
        assert (count["guessed", "people"], count["guessed", "alone"], count["guessed", "doubted"]) == (1, 0, 0)
    assert answer["verdict"]["word"] == "obfuscated"
    _nobody_is_named(lake, ["Jane"])


def packs(name: str) -> list[str]:
    """Return the options by which a second recognizer looks, where its pack is at hand."""
    folder = Path(os.environ.get("FACEVEIL_TEST_MODELS", "none"), "insightface")
    if not (folder / "models" / name).is_file():
        return []
    return ["--panel", name, *accepted(folder)]


def accepted(folder: Path) -> list[str]:
    """Return the options by which models of packs in a folder may be used."""
    settings = f"models.local_dirs=[{folder}]", "models.licences_accepted=[insightface-non-commercial]"
    return [word for one in settings for word in ("--set", one)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--people", "0"), "--people must be at least 1"),
        (("--group", "sex"), "give that file"),
        (("--labels", "none.csv"), "--labels cannot be read"),
        (("--gate", "defualt"), "default"),
        (("--person-detector", "yolox_s:first"), "NAME or NAME:CLASS"),
        (("--canary-count", "0"), "--canary-count must be at least 1"),
    ],
)
def test_what_cannot_be_is_told_before_anything_starts(
    labelled: tuple[Path, Path, list[str]], capsys: pytest.CaptureFixture[str], options: tuple[str, ...], expected: str
) -> None:
    """And nothing is written: no event, no figure."""
    lake, _, _ = labelled
    before = len(events(lake))
    policy = ("--policy", str(lake.parent / "mild.yaml"))
    assert evaluate.main([str(lake), *policy, *options]) == 2
    assert expected in capsys.readouterr().err
    assert len(events(lake)) == before


def test_a_lake_of_another_policy_is_refused(
    labelled: tuple[Path, Path, list[str]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An attacker who knows the policy must know the right one."""
    lake, _, _ = labelled
    other = tmp_path / "mild.yaml"
    other.write_text(MILD.replace("cells: 5", "cells: 6"), encoding="utf-8")
    assert evaluate.main([str(lake), "--policy", str(other)]) == 2
    assert "is not the one of today" in capsys.readouterr().err


def test_a_report_tells_what_the_gate_said(labelled: tuple[Path, Path, list[str]], tmp_path: Path) -> None:
    """From the lake alone: the word, why, and nobody's name."""
    lake, _, people = labelled
    assert report.main([str(lake), "--out", str(tmp_path / "report.html")]) == DONE
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "obfuscated" in page
    assert "replay" in page
    assert not any(name in page for name in people)
