"""Data sets with policies of their own, end to end: each image by its own, and a change takes just those concerned."""

from pathlib import Path

from jobs import policy
from tests.support.anonymizing import DONE, anonymize, by_name, events, names
from tests.support.pictures import portrait, write


def mapped(lake: Path, *words: str) -> int:
    """Run a mapping command on a lake."""
    return policy.main([words[0], str(lake), *words[1:]])


def test_a_changed_mapping_takes_just_the_images_concerned(tmp_path: Path) -> None:
    """A data set is treated by its own policy from the first run on; mapped anew, the others are not touched."""
    photos, lake = tmp_path / "photos", tmp_path / "lake"
    write(photos, {"hr/one.png": portrait(1), "open/two.png": portrait(2), "three.png": portrait(3)})
    assert mapped(lake, "map", f"{photos}/hr", "partner") == DONE
    assert anonymize(photos, lake) == DONE
    first = by_name(lake)
    assert {name: row["policy"] for name, row in first.items()} == {
        "one.png": "partner",
        "two.png": "one_look",
        "three.png": "one_look",
    }
    assert {name: row["faces"][0]["method"] for name, row in first.items()} == {
        "one.png": "pixelate",
        "two.png": "mask",
        "three.png": "mask",
    }
    assert dict(events(lake)[-1]["counts"])["policy.partner"] == 1
    assert anonymize(photos, lake) == DONE
    assert by_name(lake) == first

    assert mapped(lake, "unmap", f"{photos}/hr") == DONE
    assert mapped(lake, "map", f"{photos}/**/two*", "partner") == DONE
    assert anonymize(photos, lake) == DONE
    second = by_name(lake)
    assert {name for name in first if second[name] != first[name]} == {"one.png", "two.png"}
    assert {name: row["policy"] for name, row in second.items()} == {
        "one.png": "one_look",
        "two.png": "partner",
        "three.png": "one_look",
    }
    assert len(names(lake)) == 3
