"""What a person reads of an assessment: aligned on a terminal, a table in Markdown, nothing that breaks either."""

from typing import Any

from anonymizer_udfs.records import TIMINGS
from jobs.assess_page import markdown, sections
from jobs.assessment import assessed
from jobs.baseline import Baseline, Folder, common_parts
from jobs.screen import plain

BAD = "a%7Cb%1B%5B2J%0A"


def row(number: int, **columns: Any) -> dict[str, Any]:
    """Return what was seen of one image: a face of 40 pixels, and a position."""
    plain_row = {
        "image_id": f"{number:032x}",
        "folder": BAD,
        "size_bytes": 1000,
        "status": "anonymized",
        "reason": None,
        "format": "jpeg",
        "width": 2000,
        "height": 1000,
        "frames": 1,
        "faces": [{"side_px": 40.0, "confidence": 0.9, "method": "mask"}],
        "plates": 0,
        **dict.fromkeys(("place", "names", "dates", "thumbnail", "maker_note", "trailer"), False),
        "place": True,
        "risk": 0.8,
        **{f"{name}_ms": 100.0 for name in TIMINGS},
    }
    return plain_row | columns


def base(images: int = 1000) -> Baseline:
    """Return a listing of which 40 images were seen: 30 with a face, 8 places, 2 that are broken."""
    clear = {"faces": [], "risk": 0.1, "place": False, "status": "clean", "folder": "quiet"}
    broken = {"faces": [], "risk": None, "status": "quarantined", "reason": "truncated", "folder": "quiet"}
    seen = [row(i) for i in range(30)] + [row(30 + i, **clear) for i in range(8)]
    seen += [row(38 + i, **broken) for i in range(2)]
    folders = (Folder("quiet", 700, 10**6), Folder(BAD, 200, 10**5))
    return Baseline(images, 10**7, 3, {"jpg": images}, 9, folders, seen, 4, 12.0)


def test_an_empty_source_says_so() -> None:
    """No figure is made of nothing."""
    lines = plain(sections(assessed(Baseline(), "public", 0.7), "./none"))
    assert lines[:2] == ["archive ./none", "  images listed  0"]
    assert "no image" in lines[-1]
    assert markdown(assessed(Baseline(), "public", 0.7), "./none").startswith("# ")


def test_shares_are_of_what_could_be_decoded() -> None:
    """30 of 38 show a face and carry a place; all faces are estimated from all 40."""
    found = assessed(base(), "public", 0.7)
    assert (found.with_faces.hits, found.with_faces.cases) == (30, 38)
    assert found.carried["place"].hits == 30
    assert found.faces.value == 750
    assert found.sizes == {0: 0, 16: 0, 32: 30, 64: 0, 128: 0}
    assert found.held_back == {"truncated": 2}


def test_the_riskiest_folder_comes_first() -> None:
    """By the mean score, whatever its size."""
    assert [one.folder.name for one in assessed(base(), "public", 0.7).folders] == [BAD, "quiet"]


def test_core_seconds_are_those_of_the_sample_scaled() -> None:
    """Nine steps of 100 ms an image, 1,000 images."""
    cost = assessed(base(), "public", 0.7).cost
    assert cost.core_seconds.value is not None
    assert round(cost.core_seconds.value) == 900
    assert cost.methods == {"mask": 30}
    assert abs(sum(cost.steps.values()) - 1) < 1e-9


def test_names_of_folders_cannot_write_to_the_terminal_or_break_the_table() -> None:
    """Control characters are replaced, and bars are escaped in Markdown."""
    found = assessed(base(), "public", 0.7)
    shown = "\n".join(plain(sections(found, "x\x1b[2J|y")))
    page = markdown(found, "x\x1b[2J|y")
    assert "\x1b" not in shown + page
    assert "a|b\ufffd[2J\ufffd" in shown
    assert "| a\\|b\ufffd\\[2J\ufffd | 200 |" in page


def test_every_line_of_a_table_has_as_many_cells() -> None:
    """Escaped bars do not count."""
    page = markdown(assessed(base(), "public", 0.7), "./photos")
    for block in page.split("## ")[1:]:
        widths = {line.replace("\\|", "").count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1


def test_the_json_has_no_row_of_an_image() -> None:
    """Figures and folders, no ids."""
    said = assessed(base(), "public", 0.7).as_dict()
    assert "seen" not in said["base"]
    assert "image_id" not in str(said)
    assert said["folders"][0]["folder"]["images"] == 200


def test_folders_that_begin_alike_have_only_whole_names_in_common() -> None:
    """A shared beginning of a name is no shared folder."""
    assert common_parts("file:///p/ab/", "file:///p/abc/") == 4
    assert common_parts("file:///p/a.zip/", "file:///p/a/") == 4
