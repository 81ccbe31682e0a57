"""Attacks on planted truths: what leaks is found and its share estimated, and what does not leak is chance."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from anonymizer_udfs.attacks import ATTACKERS
from anonymizer_udfs.evaluation import attacking
from anonymizer_udfs.evaluation.attacking import Attacking, Control, Leftover, Means, RunAttacks, Step
from anonymizer_udfs.evaluation.gathered import ATTACKED
from anonymizer_udfs.evidence import Figure
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from tests.support import graphs

PEOPLE = 200
WHO = DlibResnet.name
Release = Callable[[np.random.Generator, int, np.ndarray], np.ndarray]


def packed(values: np.ndarray) -> bytes:
    """Return numbers as views hold them."""
    return values.astype(np.float32).tobytes()


def rows(release: Release, people: int = PEOPLE, noise: float = 0.05, attack: int = 0) -> list[dict[str, Any]]:
    """Return two photos of each person, of which templates alone tell anything.

    Args:
        release: what becomes of a template, from a generator, the number of the person, and the template.
        people: how many.
        noise: of a photo.
        attack: for which they are.
    """
    draw = np.random.default_rng(0)
    out = []
    for person in range(people):
        own = draw.normal(size=128) / 128**0.5
        for number in (1, 2):
            clear = own + noise * draw.normal(size=128)
            sides = {"clear": clear, "released": release(draw, person, clear), "parrot": release(draw, person, clear)}
            views: dict[str, bytes] = {}
            for side, template in sides.items():
                views |= {f"{side}.{WHO}": packed(template), f"{side}.chip": bytes(64 * 64 * 3)}
                views |= {f"{side}.canvas": bytes(32 * 32 * 3)}
            for name, values in (("hair", clear[:8]), ("clothing", clear[8:16]), ("background", clear[16:24])):
                views |= {f"{side}.{name}": packed(values) for side in ("clear", "released")}
            views |= {f"{side}.file": packed(np.zeros(4)) for side in ("clear", "released")}
            out.append(
                {
                    "attack": attack,
                    "person": f"p{person:04d}",
                    "number": number,
                    "face_id": f"i{person:04d}{number}-0000",
                    "groups": [("side", "even" if person % 2 == 0 else "odd")],
                    "views": list(views.items()),
                }
            )
    return out


@pytest.fixture
def means(tmp_path: Path) -> Means:
    """Return what attacks have: templates are given, so no model makes any."""
    who = DlibResnet(model=graphs.stored(tmp_path, "colours", graphs.colour_recognizer()))
    return Means((who,), ((WHO, 0.5),), ((WHO, 0.9),), Runtime((str(tmp_path),)))


def run(step: Step, given: list[dict[str, Any]], means: Means) -> list[Figure]:
    """Return the figures of one attack."""
    batches = [pa.RecordBatch.from_pylist(given[i : i + 50], ATTACKED) for i in range(0, len(given), 50)]
    made = list(RunAttacks((step,), means)(batches))
    return [Figure.from_row(row) for one in made for row in one.to_pylist()]


def only(figures: list[Figure], name: str, **dimensions: str) -> Figure:
    """Return the figure of a name and some dimensions; without a group where none is asked for."""
    wanted = {"group": None, **dimensions}
    (found,) = [f for f in figures if f.name == name and all(f.of(key) == value for key, value in wanted.items())]
    return found


def leaks(share: float) -> Release:
    """Return a method that leaves so many people as they are, and makes all others one."""

    def release(draw: np.random.Generator, person: int, template: np.ndarray) -> np.ndarray:
        del draw
        return template if person % 100 < share * 100 else np.zeros_like(template)

    return release


@pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
def test_a_method_that_leaves_some_as_they_are_is_caught(means: Means, share: float) -> None:
    """And how many is within the interval of what the attack reaches: those, and of the others what chance gives."""
    found = only(run(Attacking("static", WHO), rows(leaks(share)), means), "rank1", gallery="100")
    truth = share + (1 - share) / 100
    assert found.low is not None
    assert found.high is not None
    assert found.low <= truth <= found.high
    assert found.value == pytest.approx(truth, abs=0.01)
    assert (found.cases, found.people) == (PEOPLE, PEOPLE)


@pytest.mark.parametrize("attacker", ["static", "parrot", "learned_linear", "restored_linear", "replay"])
def test_where_all_are_one_everybody_has_chance(means: Means, attacker: str) -> None:
    """Whatever is learned, and however equal scores are ordered."""
    figures = run(Attacking(attacker, WHO), rows(leaks(0.0), 40), means)
    assert only(figures, "rank1", gallery="40").value == pytest.approx(1 / 40, abs=1e-6)
    assert only(figures, "eer").value == pytest.approx(0.5, abs=0.03)
    if attacker not in {"learned_linear", "restored_linear"}:
        assert only(figures, "tar", fmr="0.001").value == 0


def test_who_ignores_the_face_finds_what_is_around_it(means: Means) -> None:
    """The face is gone and hair, clothing and place are not."""
    figures = run(Attacking("context", WHO), rows(leaks(0.0)), means)
    assert (only(figures, "rank1", gallery="100").value or 0) > 0.9
    both = run(Attacking("face_and_context", WHO), rows(leaks(0.0)), means)
    assert (only(both, "rank1", gallery="100").value or 0) > 0.9


def test_groups_are_told_apart(means: Means) -> None:
    """A method that leaves one group as it is shows in that group's figure alone."""

    def release(draw: np.random.Generator, person: int, template: np.ndarray) -> np.ndarray:
        del draw
        return template if person % 2 == 0 else np.zeros_like(template)

    figures = run(Attacking("static", WHO), rows(release), means)
    even, odd = (only(figures, "rank1", gallery="100", group="side", of=of) for of in ("even", "odd"))
    assert (even.value or 0) > 0.99
    assert odd.value == pytest.approx(0.01, abs=0.01)
    assert (even.people, odd.people) == (PEOPLE // 2, PEOPLE // 2)


def test_the_worst_faces_are_named_by_their_ids(means: Means) -> None:
    """Three of those that leak, and none that does not."""
    worst = [one for one in run(Attacking("static", WHO), rows(leaks(0.1)), means) if one.scope == "worst"]
    assert len(worst) == 3
    assert all(int((one.of("image_id") or "i9")[1:5]) % 100 < 10 for one in worst)


def test_two_releases_are_linked_where_they_leak(means: Means) -> None:
    """By what is left of the person; not where nothing is."""
    open_, shut = (run(Leftover(WHO), rows(leaks(share)), means) for share in (1.0, 0.0))
    assert (only(open_, "d_sys_excess").value or 0) > 0.9
    assert only(shut, "d_sys_excess").value == pytest.approx(0, abs=0.01)
    assert only(shut, "eer", attack=None).value == pytest.approx(0.5, abs=0.01)  # type: ignore[arg-type] - no dimension
    assert (only(open_, "auc").value or 0) > 0.95
    assert only(shut, "auc").value == pytest.approx(0.5, abs=0.01)


def controls(means: Means, noise: float, people: int = 40) -> dict[str, Figure]:
    """Return the controls of photos that differ by so much noise."""
    given = rows(leaks(1.0), people, noise)
    for row in given:
        views = dict(row["views"])
        for side in ("weak", "middling"):
            views |= {f"{side}.{WHO}": views[f"clear.{WHO}"], f"{side}.chip": views["clear.chip"]}
        row["views"] = list(views.items())
    return {one.name: one for one in run(Control(WHO), given, means)}


def test_controls_pass_where_people_are_found_and_fail_where_nobody_is(means: Means) -> None:
    """A recognizer that finds nobody in clear photos voids the run; strangers are found by nobody."""
    good, blind = controls(means, 0.01), controls(means, 5.0)
    assert {name: one.of("passed") for name, one in good.items()} == {
        "clear_found": "yes",
        "weak_blur_broken": "yes",
        "stranger_found": "yes",
    }
    assert (blind["clear_found"].of("passed"), blind["weak_blur_broken"].of("passed")) == ("no", "no")
    assert blind["stranger_found"].of("passed") == "yes"


def test_too_few_people_give_no_figure(means: Means) -> None:
    """Missing, and not good: whoever reads figures must see that there are none."""
    few = rows(leaks(1.0), attacking.LEAST_PEOPLE - 1)
    assert not [one for one in run(Attacking("static", WHO), few, means) if one.name == "rank1"]
    assert not run(Control(WHO), few, means)


def test_every_attacker_is_asked_once_or_once_a_recognizer() -> None:
    """Those whom no recognizer helps attack once; where nobody is known nothing around a face is compared."""
    every = attacking.steps(("a", "b"), tuple(ATTACKERS), labelled=True)
    named = [(one.attacker, one.recognizer) for one in every if isinstance(one, Attacking)]
    assert len(set(named)) == len(named) == 2 * len(ATTACKERS) - len(attacking.ONE_FOR_ALL)
    assert sum(isinstance(one, Control) for one in every) == 2
    unknown = attacking.steps(("a",), tuple(ATTACKERS), labelled=False)
    assert not any(isinstance(one, Control | Leftover) for one in unknown)
    assert not {"context", "face_and_context"} & {one.attacker for one in unknown if isinstance(one, Attacking)}
