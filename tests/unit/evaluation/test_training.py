"""Models trained on small copies of both: rows in, figures out."""

import numpy as np
import pyarrow as pa

from anonymizer_udfs.downstream import SIDE_PX
from anonymizer_udfs.evaluation.training import TRAINED_ON, TrainPartition
from anonymizer_udfs.evidence import Figure


def rows(hidden: bool) -> list[dict[str, object]]:
    """Return images whose colour is what is asked for; the release hides it, or does not."""
    draw = np.random.default_rng(0)
    out = []
    for number in range(60):
        clear = draw.integers(0, 40, (SIDE_PX, SIDE_PX, 3)).astype(np.uint8)
        clear[..., number % 2] += 150
        released = np.zeros_like(clear) if hidden else clear
        small = [clear.tobytes(), released.tobytes()]
        answer = ("red", "green")[number % 2]
        out.append({"image_id": f"{number:032x}", "small": small, "answer": answer, "shown": 1, "belongs": None})
    return out


def loss(hidden: bool) -> list[Figure]:
    """Return how much is lost by models that are trained on the release."""
    batches = [pa.RecordBatch.from_pylist(rows(hidden)[at : at + 20], TRAINED_ON) for at in (0, 20, 40)]
    (made,) = TrainPartition(0, "colour")(batches)
    figures = [Figure.from_row(row) for row in made.to_pylist()]
    assert any(one.name == "left_out" and "face" in (one.of("why") or "") for one in figures)
    mine = [one for one in figures if one.name == "accuracy" and one.of("model") == "boosted"]
    return [one for one in mine if one.of("trained") == "difference"]


def test_a_release_that_hides_what_is_asked_costs_and_one_that_does_not_is_free() -> None:
    """All images have a face, so whether there is one cannot be asked, and the figures say so."""
    (costly,), (free,) = loss(hidden=True), loss(hidden=False)
    assert free.value == 0
    assert (costly.value or 0) < -0.3
    assert costly.high is None or costly.high < 0
