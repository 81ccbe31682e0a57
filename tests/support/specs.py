"""Specs of workers and planned images for tests that need no Spark."""

from pathlib import Path

import pyarrow as pa

from anonymizer_udfs.detection import CenterFace
from anonymizer_udfs.detection.plans import Pass, Plan
from anonymizer_udfs.keys import Key
from anonymizer_udfs.listing import ListPartition
from anonymizer_udfs.methods import Mask, Method
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.policy import Bands, KindRule, Policy
from anonymizer_udfs.sources.base import SourceSpec
from anonymizer_udfs.spec import Limits, Provenance, WorkerSpec
from tests.support import graphs

KEY = Key(bytes(range(32)))
AS_IT_IS = Plan("as-it-is", (Pass("full", (1, 4096), tile_px=4096),))
"""One pass over the picture at its own size."""


def red_dots(folder: Path, *chain: Method, limits: Limits | None = None, key: Key = KEY) -> WorkerSpec:
    """Return a spec that takes red dots for faces and treats twice their box with a chain (default: the mask)."""
    ref = graphs.stored(folder, "dots", graphs.red_dot_detector())
    policy = Policy(
        name="dots",
        plan=AS_IT_IS,
        detectors=(CenterFace(model=ref),),
        bands=Bands(sure=0.5, unsure=0.2),
        face=KindRule(chain or (Mask(),), 2.0),
        panel=("dlib_resnet",),
        second_look=AS_IT_IS,
        thorough_share=0.0,
    )
    return WorkerSpec(
        policy=policy,
        key=key,
        runtime=Runtime((str(folder),)),
        provenance=Provenance("run-1", "0", "policy", (("dots", ref.sha256),), key.key_id),
        limits=limits or Limits(),
    )


def planned(source: Path | str, key: Key = KEY) -> pa.Table:
    """Return the listing of a source as rows of ``records.PLAN``."""
    one = pa.RecordBatch.from_pydict({"id": [0]})
    return pa.Table.from_batches(list(ListPartition(SourceSpec(str(source)), key)([one])))
