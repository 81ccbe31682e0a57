"""Lakes with an evaluation in them, made without a JVM: real rows of ``images``, ``runs`` and ``metrics``."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from anonymizer_udfs.evidence.figure import Figure
from conf import gates
from conf.gates import Gate
from jobs.gate import Expected, judge
from jobs.lake import Lake
from jobs.ledger import Event
from jobs.metrics import Metrics
from jobs.reporting.evaluated import JOB
from tests.support import evidence, lakes
from tests.support.evidence import RECOGNIZERS, changed, named

HOME = "file:///secret/people/anna"
DEFAULT = gates.load("default")
EXPECTED = Expected(recognizers=RECOGNIZERS)
COLOURS = ((196, 120, 88), (92, 140, 190), (120, 160, 90), (170, 110, 160), (200, 180, 90), (90, 90, 130))


def photo(number: int) -> bytes:
    """Return a drawn picture of 96 x 80 with a flat mask in its middle, as PNG."""
    down, across = np.mgrid[0:80, 0:96]
    shade = ((across + down) % 24 < 12)[..., None] * 24
    pixels = np.clip(np.array(COLOURS[number % len(COLOURS)]) + shade, 0, 255).astype(np.uint8)
    pixels[20:60, 30:70] = (40, 44, 52)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def face(method: str = "mask", width: float = 40.0) -> dict[str, Any]:
    """Return a region in the middle of such a picture."""
    box = {"x0": 30.0, "y0": 20.0, "x1": 30.0 + width, "y1": 60.0}
    return lakes.face(method) | {"box": box, "region": {"x0": 30, "y0": 20, "x1": 70, "y1": 60}}


def rows() -> list[dict[str, Any]]:
    """Return rows of every status, of which eight have a region that may be shown."""
    widths = (14.0, 22.0, 40.0, 64.0, 90.0, 170.0, 330.0, 48.0)
    methods = ("mask", "mask", "pixelate", "mask", "mask", "pixelate", "mask", "mask")
    shown = zip(widths, methods, strict=True)
    out = [
        lakes.row(f"{HOME}/{i}.png", photo(i), status="anonymized", format="png", faces=[face(method, width)])
        for i, (width, method) in enumerate(shown)
    ]
    out[3] |= {"residual": 1, "plans": ["balanced", "thorough"]}
    held = lakes.row(f"{HOME}/held.png", photo(9), status="review", reason="unsure", format="png", faces=[face()])
    return [*out, held, lakes.row(f"{HOME}/bad.jpg", None), lakes.row(f"{HOME}/clean.png", photo(5), format="png")]


def worst() -> list[Figure]:
    """Return the worst faces: those of released images, one in review, one that is gone, one that is no place."""
    ids = [lakes.KEY.image_id(f"{HOME}/{name}") for name in (*(f"{i}.png" for i in range(8)), "held.png", "gone.png")]
    found = [(image_id, "0", 0.61 - 0.03 * i) for i, image_id in enumerate(ids)]
    return [
        evidence.figure("worst", "score", score, {"image_id": image_id, "face": place, "attack": "learned_linear"})
        for image_id, place, score in [*found, (ids[0], "7", 0.2), ("x' OR '1'='1", "0", 0.9), (ids[1], "-1", 0.8)]
    ]


def event(kind: str, run_id: str, **columns: Any) -> Event:
    """Return an event of an evaluation."""
    return replace(lakes.event(kind, run_id), job=JOB, pipeline_version="0.1.0", **columns)


def evaluate(
    lake: Lake, figures: Sequence[Figure], run_id: str = "run-e", *, gate: Gate = DEFAULT, until: str = "verdict"
) -> None:
    """Add an evaluation to a lake, as the job does: its events, its figures and those of the gate.

    Args:
        lake: the lake.
        figures: what was measured.
        run_id: of the evaluation.
        gate: what judges it.
        until: the last event: ``started``, ``finished`` or ``verdict``.
    """
    began = event("started", run_id, table_versions=lake.tables.versions())
    number = lake.ledger.append(began)
    if until == "started":
        return
    said = judge(gate, figures, EXPECTED)
    Metrics(lake).append([*figures, *said.figures()], run_id, number)
    libraries = {"numpy": "2.3.0", "onnxruntime": "1.31.0"}
    lake.ledger.append(began.then("finished", library_versions=libraries, model_digests={"centerface": "0" * 64}))
    if until == "verdict":
        lake.ledger.append(began.then("verdict", **said.recorded()))


def good(context: bool = True) -> list[Figure]:
    """Return evidence for one of the two stronger words."""
    return [*evidence.whole(DEFAULT, context=context), *evidence.drawn(DEFAULT), *evidence.kept(), *worst()]


def refused() -> list[Figure]:
    """Return evidence against a weak method: learners name a third of 552 people; planted faces are too few."""
    figures = [*evidence.whole(DEFAULT), *evidence.drawn(DEFAULT, strong=0.6), *evidence.kept(), *worst()]
    figures = [replace(one, people=552) if one.name in {"rank1", "tar"} else one for one in figures]
    for tier, share in (("T0", 0.26), ("T1", 0.33), ("T2", 0.47), ("T3", 0.44)):
        figures = changed(figures, named("rank1", tier=tier), value=share, high=share + 0.04, low=share - 0.04)
        figures = changed(figures, named("tar", tier=tier), value=share / 2, high=share / 2 + 0.04)
    return changed(figures, named("missed"), cases=800)


def void() -> list[Figure]:
    """Return good evidence by attackers whose control failed."""
    return [
        replace(one, value=0.4, dimensions=tuple((k, "no" if k == "passed" else v) for k, v in one.dimensions))
        if one.name == "weak_blur_broken" and one.of("recognizer") == "arcface"
        else one
        for one in good()
    ]


def make(place: Path | str, figures: Sequence[Figure] | None) -> Lake:
    """Return a new lake with rows of every status, and an evaluation of these figures; ``None`` for none."""
    lake = lakes.make(place, rows())
    if figures is not None:
        evaluate(lake, figures)
    return lake
