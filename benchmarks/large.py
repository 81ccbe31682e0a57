"""Photos of 12 megapixels with nobody in them, against what is usually done: decode, one pass at 640, encode.

In one process on one thread, file by file in turn; Spark has no part in it.
"""

import hashlib
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from anonymizer_udfs import pipeline
from anonymizer_udfs.detection import CenterFace
from anonymizer_udfs.detection.passes import Pass
from anonymizer_udfs.detection.plans import FAST, Plan
from anonymizer_udfs.keys import Key
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.outcome import Status
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.records import Planned, Released, Result
from anonymizer_udfs.sources.base import Entry
from anonymizer_udfs.spec import Provenance, WorkerSpec
from benchmarks.recalls import scenes
from benchmarks.recalls.cells import Cell
from conf.settings import load
from jobs.context import load_policy
from jobs.models import cache_dir, registry

SIZE_WH = (4000, 3000)
QUALITY = 90
LONG_SIDE_PX = 640
ROUNDS = 5
ONE_LOOK = Plan("one look", (Pass("full", (1, LONG_SIDE_PX)),))
"""What the usual loop looks for: what is left of the difference is the work around it."""


@dataclass(frozen=True)
class Loop:
    """What is usually done: OpenCV decodes the whole file, the detector looks once at 640, the file is encoded."""

    detector: CenterFace
    runtime: Runtime

    def __call__(self, data: bytes) -> float:
        """Return the seconds that the detector took."""
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise SystemExit("OpenCV cannot decode a scene of its own")
        start = time.perf_counter()
        scale = LONG_SIDE_PX / max(image.shape[:2])
        small = cv2.resize(np.asarray(image, np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self.detector.detect([np.asarray(small, np.uint8)], self.runtime)
        spent = time.perf_counter() - start
        cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        return spent


@dataclass(frozen=True)
class Ours:
    """The partition's steps under a policy."""

    spec: WorkerSpec

    def __call__(self, data: bytes) -> float:
        """Return the seconds that finding took."""
        (result,) = pipeline.process([pipeline.Work(_planned(data, self.spec.key), data)], self.spec)
        _refuse(result)
        return result.timings_ms["detect"] / 1000


def measure(count: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """Return how many times as fast as the usual loop each policy is, with and without the detectors' time.

    Args:
        count: scenes; those in which a policy finds anything are left out for all.
        rounds: at least 1; the least time of each file counts, since whatever else runs makes it longer.
    """
    cv2.setNumThreads(1)
    runtime = Runtime((str(cache_dir()),))
    loop = Loop(CenterFace(), runtime)
    internal, public = (_policy(name) for name in ("internal", "public"))
    policies = {
        "internal": internal,
        "internal_fast": replace(internal, plan=FAST),
        "internal_one_look": replace(internal, plan=ONE_LOOK, detectors=(CenterFace(),), second_look=ONE_LOOK),
        "public": public,
    }
    looks = {name: Ours(_spec(one, runtime)) for name, one in policies.items()}
    files = [data for data in _scenes(count) if all(_faceless(one, data) for one in looks.values())]
    usual = [_least(loop, data, rounds) for data in files]
    out: dict[str, Any] = {"scenes": len(files), "left_out": count - len(files), "megapixels": 12}
    for name, one in looks.items():
        mine = [_least(one, data, rounds) for data in files]
        out[f"{name}_speed"] = round(statistics.median(a / b for (a, _), (b, _) in zip(usual, mine, strict=True)), 2)
        rest = [(a - da) / (b - db) for (a, da), (b, db) in zip(usual, mine, strict=True)]
        out[f"{name}_speed_without_detectors"] = round(statistics.median(rest), 2)
        out[f"{name}_ms"] = round(1000 * statistics.median(whole for whole, _ in mine))
    return out | {"loop_ms": round(1000 * statistics.median(whole for whole, _ in usual))}


def _least(one: Callable[[bytes], float], data: bytes, rounds: int) -> tuple[float, float]:
    """Return the least seconds of some rounds, and the detectors' share of them."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        detecting = one(data)
        found.append((time.perf_counter() - start, detecting))
    return min(found)


def _faceless(one: Ours, data: bytes) -> bool:
    (result,) = pipeline.process([pipeline.Work(_planned(data, one.spec.key), data)], one.spec)
    return isinstance(result.outcome, Released) and result.outcome.status is Status.CLEAN


def _refuse(result: Result) -> None:
    if not isinstance(result.outcome, Released):
        raise SystemExit(f"a scene was held back: {result.outcome}")


def _scenes(count: int) -> Iterator[bytes]:
    cell = Cell("large", "empty", size_wh=SIZE_WH, quality=QUALITY, faces=0)
    yield from (one.data for one in scenes.scenes(cell, (), count, scenes.SEED))


def _policy(name: str) -> Policy:
    return load_policy(name, load("local"), registry())


def _spec(policy: Policy, runtime: Runtime) -> WorkerSpec:
    key = Key(bytes(32))
    return WorkerSpec(
        policy=policy,
        key=key,
        runtime=runtime,
        provenance=Provenance("bench", "", "", (), key.key_id),
    )


def _planned(data: bytes, key: Key) -> Planned:
    name = "scene:" + hashlib.sha256(data).hexdigest()
    entry = Entry(
        uri=name, kind="object", container=name, size_bytes=len(data), modified_us=0, etag="", start=0, index=0
    )
    return Planned(key.image_id(name), "", entry)
