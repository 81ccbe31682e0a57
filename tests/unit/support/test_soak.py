"""What a soak takes for flat memory, on lives that were made."""

import numpy as np
import pytest

from tests.soak.steady import HEAP, JVM, LEAST_SECONDS, LOOK_SECONDS, Life


def life(mib_an_hour: float, hours: float = 1.0, noise: float = 2.0, warm: float = 0.0) -> Life:
    """Return a process with 300 MiB that grows so much."""
    seconds = np.arange(0, 3600 * hours, LOOK_SECONDS)
    draw = np.random.default_rng(0)
    grown = 300 + mib_an_hour * seconds / 3600 + draw.normal(0, noise, len(seconds)) - warm * np.exp(-seconds / 30)
    return Life("worker", [float(one) for one in 50 + seconds], [float(one) for one in grown])


def test_a_short_life_tells_nothing() -> None:
    """Nor does none at all."""
    assert Life("worker").flat() is None
    assert life(100, LEAST_SECONDS / 3600 - 0.01).flat() is None


@pytest.mark.parametrize(("growth", "flat"), [(0, True), (-20, True), (3, True), (12, False), (100, False)])
def test_a_leak_is_told_from_noise(growth: float, flat: bool) -> None:
    """Below 2% an hour it is no leak that a night would show."""
    assert life(growth).flat() is flat


def test_a_line_that_would_hide_a_leak_tells_nothing() -> None:
    """Ups and downs of a quarter over ten minutes: a tenth an hour would not be seen among them."""
    made = life(0, hours=0.5)
    waves = 75 * np.sin(np.array(made.seconds) / 100)
    assert Life("worker", made.seconds, [float(one) for one in made.mib + waves]).flat() is None


def test_warming_up_is_no_leak() -> None:
    """Models and caches are loaded in the first minutes."""
    assert life(0, warm=200).flat() is True


def test_what_never_changes_has_a_slope_without_an_interval() -> None:
    """A daemon that only waits is flat, and its figures are numbers, which JSON has."""
    assert life(0, noise=0.0).slope() == (0.0, 0.0, 0.0)
    assert life(0, noise=0.0).flat() is True


@pytest.mark.parametrize(("kind", "at_least", "at_most"), [("worker", 20, 100), (JVM, -3, 3), (HEAP, -3, 3)])
def test_a_jvm_warms_up_longer(kind: str, at_least: float, at_most: float) -> None:
    """Its classes and its compiled code come over the first quarter of an hour; they are not in its slope."""
    made = life(0)
    coming = 100 * np.minimum(1, (np.array(made.seconds) - made.seconds[0]) / 900)
    slope = Life(kind, made.seconds, [float(one) for one in made.mib + coming]).slope()
    assert slope is not None
    assert at_least < slope[0] < at_most


def test_a_heap_is_looked_at_seldom() -> None:
    """Every two minutes: a leak of a fifth an hour is seen within the hour, and a short life tells nothing."""
    made = life(60)
    grown = Life(HEAP, made.seconds[::60], made.mib[::60])
    assert grown.flat() is False
    assert Life(HEAP, grown.seconds[:10], grown.mib[:10]).flat() is None
