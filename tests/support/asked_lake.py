"""A lake with a history, for questions: three runs of the partition function, and an evaluation.

Made without a JVM and without a downloaded model: the pictures have red dots for faces, and what is done to them is
done by the same code as on a cluster. Only times of processing are put on by hand, a week apart, so that there
are weeks to compare. Deletion vectors, which only Spark writes, can be laid down as the Delta protocol says.
"""

import base64
import json
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, Transaction
from PIL import Image

from anonymizer_udfs import pipeline
from anonymizer_udfs.methods import Mask, Pixelate
from anonymizer_udfs.recognition.dlib_resnet import DlibResnet
from anonymizer_udfs.recognition.panels import Member, Panel
from anonymizer_udfs.records import PLAN
from anonymizer_udfs.spec import WorkerSpec
from jobs import sealing, stores
from jobs.figures import Sitting, collect
from jobs.lake import APP, Commit, Lake
from jobs.tables import Tables
from schemas import READABLE, Table
from tests.support import evaluated_lakes, evidence, graphs, lakes, pictures, specs

FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
WEEK = timedelta(days=7)
LATER = {
    "decisions": {"action": "accept", "reviewer": "anna", "decided_at": FIRST},
    "releases": {"name": "v1", "run_id": "run-v1", "images_version": 3, "word": "face-anonymized"},
    "released": {"name": "v1", "run_id": "run-v1", "leaf": bytes(32)},
}
"""A row of tables that not every build has."""
_SECONDS = {"read": 0.2, "detect": 2.0, "anonymize": 0.5, "encode": 0.3}
_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_B85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"


def scene(number: int, dots: int, red: int = 255) -> bytes:
    """Return a textured picture with some dots in it, as PNG; a paler red makes less sure faces."""
    y, x = np.mgrid[:128, :192]
    pixels = np.stack([(x * 5 + y * 3 + number * 7) % 60, 120 + (x * 7) % 60, 120 + (y * 11) % 60], 2).astype(np.uint8)
    for dot in range(dots):
        left, top = 40 + 64 * dot, 40 + 16 * (number % 3)
        pixels[top : top + 4, left : left + 4] = (red, 0, 0)
    return pictures.saved(Image.fromarray(pixels), "PNG")


def photos(folder: Path) -> Path:
    """Write the sources: thirteen good pictures, of which two are unsure, and two that cannot be read."""
    files = {f"{n:02}.png": scene(n, n % 3) for n in range(10)}
    files |= {f"pale-{n}.png": scene(n, 1, red=70) for n in range(2)}
    files |= {"cut.jpg": pictures.saved(Image.new("RGB", (64, 64)), "JPEG")[:-40], "notes.txt": b"these are no pixels"}
    return pictures.write(folder, files)


def worker(folder: Path, run_id: str, policy: str) -> WorkerSpec:
    """Return how one of two policies works: ``partner`` pixelates, ``public`` masks."""
    chain = (Mask(),) if policy == "public" else (Pixelate(), Mask())
    made = specs.red_dots(folder, *chain, key=lakes.KEY)
    who = DlibResnet(model=graphs.stored(folder, "colours", graphs.colour_recognizer()))
    provenance = replace(made.provenance, run_id=run_id, policy_digest=policy.encode().hex().ljust(32, "0"))
    named = replace(made.policy, name=policy)
    return replace(made, policy=named, provenance=provenance, panel=Panel((Member(who, {"centerface": 0.9}),)))


def run(lake: Lake, place: Path, number: int, policy: str, some: slice) -> None:
    """Add a run over some of the sources at ``place`` to a lake, ledger and leaves included."""
    run_id = f"run-{number}"
    spec = worker(place / "models", run_id, policy)
    listed = sorted(specs.planned(place / "source", lakes.KEY).to_pylist(), key=lambda one: one["uri"])[some]
    plan = pa.Table.from_pylist(listed, schema=PLAN)
    made = pipeline.anonymize_partition(plan.to_batches(), spec)
    at = FIRST + (number - 1) * WEEK
    rows = [{**row, "processed_at": at} for batch in made for row in batch.to_pylist()]
    digest = spec.provenance.policy_digest
    began = lakes.event(run_id=run_id, policy=policy, policy_digest=digest, table_versions=lake.tables.versions())
    epoch = lake.ledger.append(began)
    names = {column.name for column in lakes.IMAGES.columns}
    mine = lakes.images([{name: value for name, value in row.items() if name in names} for row in rows])
    _commit(lake, mine, Commit(epoch, 1))
    figures = collect(lake, run_id, Sitting(len(rows), 1.5, _SECONDS, len(rows)))
    root = sealing.seal(lake, run_id, epoch).root
    lake.ledger.append(began.then("finished", counts=figures.counts, figures=figures.values, images_root=root))


def _commit(lake: Lake, rows: pa.Table, commit: Commit) -> None:
    properties = CommitProperties(app_transactions=[Transaction(APP, commit.version)])
    merge = lake.tables.open("images").merge(
        rows, "t.image_id = s.image_id", source_alias="s", target_alias="t", commit_properties=properties
    )
    merge.when_matched_update_all().when_not_matched_insert_all().execute()


def make(place: Path) -> Lake:
    """Return a new lake at ``place``.

    Run 1 and 2 take ten and four images in under ``partner``; run 3 does the first six anew under ``public``; then
    somebody evaluates.

    Args:
        place: an empty folder; sources and models lie in it, too.
    """
    photos(place / "source")
    (place / "models").mkdir()
    lake = Lake(str(place / "lake"), signer=lambda: lakes.SIGNER)
    lake.create()
    run(lake, place, 1, "partner", slice(0, 10))
    run(lake, place, 2, "partner", slice(10, None))
    run(lake, place, 3, "public", slice(0, 6))
    found = lake.query("SELECT DISTINCT image_id FROM faces ORDER BY image_id").column("image_id").to_pylist()
    scores = [
        evidence.figure("worst", "score", 0.6 - 0.05 * i, {"image_id": one, "face": "0", "attack": "static"})
        for i, one in enumerate(found[:3])
    ]
    evaluated_lakes.evaluate(lake, [*evidence.whole(evaluated_lakes.DEFAULT), *scores])
    one = lake.query("SELECT MIN(image_id) AS one FROM images WHERE status = 'anonymized'").to_pylist()[0]["one"]
    for name, given in LATER.items():
        if name in READABLE:
            _fill(lake, READABLE[name], given | ({"image_id": one} if name == "released" else {}))
    return lake


def _fill(lake: Lake, table: Table, given: dict[str, Any]) -> None:
    """Make a table with one row: what is given, nothing where that may be, and else something of the column's type."""
    plain = {pa.string(): "x", pa.int64(): 1, pa.int32(): 1, pa.timestamp("us", "UTC"): FIRST}
    row = {c.name: given.get(c.name, None if c.nullable else plain.get(c.type, [])) for c in table.columns}
    tables = Tables(lake.uri, {table.name: table}, lake.tables.storage)
    tables.create()
    tables.append(table.name, pa.Table.from_pylist([row], schema=lakes.arrow(table)), table.name, 1)


def delete_by_vector(lake: Lake, image_id: str) -> None:
    """Delete one image as Spark does: its file stays, and the log says which row of it no longer counts."""
    table = lake.tables.open("images")
    log = Path(lake.uri, "images", "_delta_log")
    added = {
        add["path"]: add
        for commit in sorted(log.glob("*.json"))
        for line in commit.read_text(encoding="utf-8").splitlines()
        if (add := json.loads(line).get("add"))
    }
    live = {uri.rpartition("/")[2] for uri in table.file_uris()}
    for path, add in added.items():
        if path not in live:
            continue
        ids = pq.read_table(Path(lake.uri, "images", path), columns=["image_id"])["image_id"].to_pylist()
        if image_id in ids:
            _delete(lake, table.version() + 1, add, ids.index(image_id))
            return
    raise ValueError("no such image in the lake")


def _delete(lake: Lake, version: int, add: dict[str, Any], row: int) -> None:
    packed = vector(row)
    said = {
        "storageType": "i",
        "pathOrInlineDv": base64.b85encode(packed).translate(bytes.maketrans(_B85, _Z85)).decode(),
        "sizeInBytes": len(packed),
        "cardinality": 1,
    }
    now = int(datetime.now(UTC).timestamp() * 1000)
    actions = [
        {"commitInfo": {"timestamp": now, "operation": "DELETE", "operationParameters": {}, "engineInfo": "tests"}},
        {"remove": {"path": add["path"], "deletionTimestamp": now, "dataChange": True, "extendedFileMetadata": False}},
        {"add": add | {"dataChange": True, "modificationTime": now, "deletionVector": said}},
    ]
    content = "".join(json.dumps(action) + "\n" for action in actions).encode()
    log = stores.child(lake.tables.table_uri("images"), "_delta_log")
    stores.create_once(log, f"{version:020d}.json", content, lake.tables.storage)


def vector(row: int) -> bytes:
    """Return a deletion vector of one row below 65,536: Delta's 64-bit array of one Roaring bitmap with one value."""
    bitmap = struct.pack("<IIHHIH", 12346, 1, 0, 0, 16, row)
    return (out := struct.pack("<IQI", 1681511377, 1, 0) + bitmap) + b"\0" * (-len(out) % 4)
