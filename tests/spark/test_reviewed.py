"""People's decisions followed by the next run: their own images and no other, once, and gone with an erased image."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from anonymizer_udfs.sources import canonical, list_source
from anonymizer_udfs.sources.base import SourceSpec
from conf.settings import load
from jobs import context, erase, verify
from jobs.decisions import Decisions
from jobs.keysource import KeySource
from jobs.lake import APP, Commit, Lake
from jobs.options import Common
from jobs.placed import open_lake
from tests.support.anonymizing import DONE, HELD_BACK, KEY, ONE_LOOK, anonymize, names, rows
from tests.support.decided import decision
from tests.support.lakes import event, images, make_vault, row
from tests.support.pictures import place, write
from tests.support.searching_bytes import holding

BOX = (8.0, 8.0, 24.0, 20.0)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A lake of four images of one source that wait for a person, made without a JVM."""
    photos = write(tmp_path / "photos", {f"{n}.png": place(n) for n in range(4)})
    digest = context.treatment(str(ONE_LOOK), load()).digest
    found = list(list_source(SourceSpec(str(photos))))
    waits = {"status": "review", "reason": "unsure", "policy": "one_look", "policy_digest": digest}
    done = [
        row(one.uri, content_version=KEY.content_version(one.size_bytes, one.modified_us, one.etag), **waits)
        for one in found
    ]
    lake = Lake(str(tmp_path / "lake"))
    lake.create()
    began = event("started", source_id=KEY.source_id(canonical(str(photos))))
    lake.tables.append("images", images(done), APP, Commit(lake.ledger.append(began), 1).version)
    lake.ledger.append(began.then("finished"))
    make_vault(tmp_path / "lake.vault", [one.uri for one in found])
    return tmp_path


def by_name(lake: Path) -> dict[str, dict[str, Any]]:
    """Return the last part of a source's name to its row."""
    known = names(lake)
    return {known[one["image_id"]].rpartition("/")[2]: one for one in rows(lake)}


def decide(lake: Path, name: str, *actions: dict[str, Any]) -> None:
    """Decide about an image as it is, as the review server would."""
    about = by_name(lake)[name]
    same = {key: about[key] for key in ("image_id", "content_version", "output_sha256", "policy", "policy_digest")}
    placed = open_lake(str(lake), Common(load("local", []), None, KeySource()))
    Decisions(placed.lake).append([decision(**{**same, **said}) for said in actions])


@pytest.mark.timeout(1800)
def test_the_next_run_does_what_people_decided_and_nothing_else(made: Path) -> None:
    """Accepted, drawn, withheld; the one that nobody decided about stays as it is. A replaced source is a new one."""
    lake, photos = made / "lake", made / "photos"
    decide(lake, "0.png", {"action": "accept"})
    decide(lake, "1.png", {"action": "add", "box": BOX}, {"action": "accept"})
    decide(lake, "2.png", {"action": "withhold"})
    assert anonymize(photos, lake) == HELD_BACK
    found = by_name(lake)
    assert [(one["status"], one["reason"], one["decided"]) for one in (found[f"{n}.png"] for n in range(4))] == [
        ("clean", None, 1),
        ("anonymized", None, 3),
        ("quarantined", "withheld", 4),
        ("review", "unsure", None),
    ]
    assert found["3.png"]["run_id"] == "run-1"
    (drawn,) = found["1.png"]["faces"]
    assert (drawn["look"], drawn["method"]) == ("person", "mask")
    now, was = (
        np.asarray(Image.open(io.BytesIO(one)).convert("RGB"))
        for one in (found["1.png"]["content"], (photos / "1.png").read_bytes())
    )
    changed = np.argwhere((now != was).any(-1))
    assert changed.min(0).tolist() >= [8, 8]
    assert changed.max(0).tolist() <= [19, 23]
    assert verify.run(Lake(str(lake))).findings == ()

    before = rows(lake)
    assert anonymize(photos, lake) == DONE
    assert rows(lake) == before

    (photos / "2.png").write_bytes(place(9))
    decide(lake, "1.png", {"action": "harder", "least": 1})
    assert anonymize(photos, lake) == HELD_BACK
    found = by_name(lake)
    assert (found["2.png"]["status"], found["2.png"]["decided"]) == ("clean", None)
    assert (found["1.png"]["status"], found["1.png"]["reason"], found["1.png"]["decided"]) == ("review", "edited", 5)

    gone = found["1.png"]["image_id"]
    assert erase.main([str(lake), "--image", gone, "--yes"]) == DONE
    assert holding([lake, Path(f"{lake}.vault")], [gone.encode()]) == []
    assert [one.decision_seq for one in Decisions(Lake(str(lake))).all()] == [1, 4]
    assert verify.run(Lake(str(lake))).findings == ()
