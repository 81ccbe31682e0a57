"""From templates of labelled faces to thresholds: the rates hold, and too little evidence gives none."""

import numpy as np
import pytest
from scipy import stats

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.recognition import calibration
from anonymizer_udfs.recognition.calibrating import least_people, reached, written
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet

WHO = DlibResnet()


def people(count: int, apart: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return templates of two photos of each person, whose means differ as much as ``apart`` says."""
    draw = np.random.default_rng(seed)
    means = draw.normal(size=(count, 128)) * apart
    return tuple((means + draw.normal(size=means.shape) * 0.5).astype(np.float32) / 16 for _ in range(2))  # type: ignore[return-value]


@pytest.mark.parametrize("count", [0, 1, 100])
def test_too_few_people_have_no_threshold(count: int) -> None:
    """It says how many are needed."""
    with pytest.raises(SpecError, match=f"at least 101 people .* got {count}"):
        reached(WHO, *people(count))


def test_each_rate_needs_its_people() -> None:
    """Ten false matches at least are what a threshold rests on."""
    assert set(reached(WHO, *people(316)).thresholds) == {"1e-3"}
    assert set(reached(WHO, *people(317)).thresholds) == {"1e-3", "1e-4"}
    assert least_people("1e-4") == 317


def test_the_rates_hold_where_they_were_measured() -> None:
    """No more strangers match than the rate allows, and one more would at any lower threshold."""
    first, second = people(400)
    found = reached(WHO, first, second)
    strangers = WHO.similarity(first, second)[~np.eye(400, dtype=bool)]
    for label, at in found.thresholds.items():
        rate = calibration.FMR_LABELS[label]
        assert (strangers >= at).sum() == int(len(strangers) * rate)
        assert found.tar[label].value == pytest.approx(
            float((np.diag(WHO.similarity(first, second)) >= at).mean()), abs=1e-9
        )
    assert found.thresholds["1e-4"] > found.thresholds["1e-3"]
    assert (found.people, found.gallery) == (400, 400)
    assert found.rank1.value > 0.99


def test_who_cannot_tell_people_apart_shows_it() -> None:
    """Templates that say nothing of who it is match as often as chance has it."""
    found = reached(WHO, *people(400, apart=0.0))
    assert found.tar["1e-3"].low <= 0.001 <= found.tar["1e-3"].high
    assert found.rank1.high < stats.binom.ppf(0.999, 400, 2 / 400) / 400 + 0.03


def test_what_is_written_is_read_as_a_calibration() -> None:
    """With its digest, and for its model and detector alone."""
    found = reached(WHO, *people(120))
    content = written(WHO, [("centerface", "0" * 64, 3, found)], "drawn", "1" * 64)
    (one,) = calibration.parse(content)
    assert calibration.find([one], WHO.name, WHO.model.sha256, "centerface").threshold() == pytest.approx(
        found.thresholds["1e-3"], abs=1e-6
    )
    assert (content["data"]["people"], content["calibrations"][0]["faces_missed"]) == (120, 3)
