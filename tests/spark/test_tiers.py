"""Data sets with policies of their own, end to end: each image by its own, and a change takes just those concerned."""

from pathlib import Path
from typing import Any

import yaml

from conf import policies
from jobs import policy
from tests.support.anonymizing import DONE, ONE_LOOK, anonymize, by_name, events, names
from tests.support.pictures import portrait, write


def mapped(lake: Path, *words: object) -> int:
    """Run a mapping command on a lake."""
    first, *rest = map(str, words)
    return policy.main([first, str(lake), *rest])


def own(folder: Path, name: str, mapping: dict[str, Any], **changes: object) -> Path:
    """Write a policy of one's own."""
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump({**mapping, "name": name, **changes}), encoding="utf-8")
    return file


def test_a_changed_mapping_takes_just_the_images_concerned(tmp_path: Path) -> None:
    """A data set is treated by its own policy from the first run on; mapped anew, the others are not touched."""
    photos, lake = tmp_path / "photos", tmp_path / "lake"
    write(photos, {"hr/one.png": portrait(1), "open/two.png": portrait(2), "three.png": portrait(3)})
    raising = own(tmp_path, "raising", policies.load("internal"), risk={"raise_at": 0.01, "to": "partner"})
    assert mapped(lake, "map", f"{photos}/hr", raising) == DONE
    assert anonymize(photos, lake) == DONE
    first = by_name(lake)
    assert {name: (row["policy"], row["raised_from"], row["faces"][0]["method"]) for name, row in first.items()} == {
        "one.png": ("partner", "raising", "pixelate"),
        "two.png": ("one_look", None, "mask"),
        "three.png": ("one_look", None, "mask"),
    }
    assert first["one.png"]["risk"] > 0.01
    counts = dict(events(lake)[-1]["counts"])
    assert (counts["policy.partner"], counts["policy.one_look"], counts["raised"]) == (1, 2, 1)
    assert anonymize(photos, lake) == DONE
    assert by_name(lake) == first

    grey = own(tmp_path, "grey", yaml.safe_load(ONE_LOOK.read_text(encoding="utf-8")), steps=["grey"])
    assert mapped(lake, "unmap", f"{photos}/hr") == DONE
    assert mapped(lake, "map", f"{photos}/**/two*", grey) == DONE
    assert anonymize(photos, lake) == DONE
    second = by_name(lake)
    assert {name for name in first if second[name] != first[name]} == {"one.png", "two.png"}
    assert {name: (row["policy"], row["steps"], row["reencoded"]) for name, row in second.items()} == {
        "one.png": ("one_look", [], False),
        "two.png": ("grey", ["grey"], True),
        "three.png": ("one_look", [], False),
    }
    assert len(names(lake)) == 3
