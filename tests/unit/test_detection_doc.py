"""What ``docs/detection.md`` says is so: plans, parameters, policies, detectors, and every example as it stands."""

import importlib
import re
import shlex
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from anonymizer_udfs import pipeline, regions, searching, verification
from anonymizer_udfs.detection import DETECTORS, CenterFace, YuNet, fusion, passes, search
from anonymizer_udfs.detection.passes import Pass, Zoom
from anonymizer_udfs.models.base import Runtime
from anonymizer_udfs.outcome import Reason
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.records import Look
from benchmarks import recall
from conf import policies
from docs import plans
from jobs.lake import Lake
from jobs.models import registry
from schemas import IMAGES
from tests.support import graphs, lakes, yunet_graph

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "detection.md").read_text(encoding="utf-8")
WORDS = " ".join(TEXT.split())
POLICY: dict[str, Any] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0])
COMMANDS = re.findall(r"^    ((?:faceveil|python) .*?)(?:  +#.*)?$", TEXT, re.MULTILINE)
COMMANDS += re.findall(r"`(python -m benchmarks.recall .*?)`", WORDS)


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    part = TEXT.partition(f"\n{heading}\n")[2].partition("\n#")[0]
    rows = [line for line in part.splitlines() if line.startswith("| ")]
    assert len(rows) > 2, heading
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in rows[2:]]


def spelt(name: str, default: Any) -> str:
    """Return a parameter's default as the page writes it."""
    if default is MISSING:
        return "needed"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return str(list(default)) if default else {"when": "always", "detectors": "all"}[name]
    return f"{default:g}"


def test_the_plans_are_those_that_ship() -> None:
    """The tables of the plans are what ``python -m docs.plans`` writes now; run it where this fails."""
    assert plans.written(TEXT) == TEXT
    with pytest.raises(ValueError, match="marks of plans once"):
        plans.written("no marks")


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        pytest.param("### A whole picture: parameters of a pass", Pass, id="pass"),
        pytest.param("### Close-ups: parameters of a zoom", Zoom, id="zoom"),
    ],
)
def test_parameters_are_those_of_the_code(heading: str, kind: type[Pass | Zoom]) -> None:
    """Each key of a pass is there, in order, with its default and its range."""
    rows = {name.strip("`"): (default.strip("`"), said) for name, default, said in table(heading)}
    assert list(rows) == [field.name for field in fields(kind)]
    for field in fields(kind):
        default, said = rows[field.name]
        assert default == spelt(field.name, field.default)
        if field.name in kind.bounds and field.name not in ("least", "most"):
            low, high = kind.bounds[field.name]
            assert f"{low:g} to {high:g}" in said
    if kind is Pass:
        assert re.findall(r"`(\w+)`", rows["when"][1]) == list(passes.CONDITIONS)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (passes.ROLLED_DEGREES, "turned by more than {:g} degrees"),
        (passes.DARK_LUMA, "mean luma under {:g} of 255"),
        (passes.GLIMPSE, "one of {:g} and more"),
        (passes.CERTAIN, "certain face is one of {:g} and more"),
        (passes.DOUBT, "unsure face is one of {:g} and more"),
        (passes.SMALL_PX, "less than {:g} pixels in the largest view"),
        (passes._ENLARGED_MOST, "nothing is enlarged more than {:g} times"),
        (regions.SNAP_DEGREES, "by more than {:g} degrees away from all four quarter turns"),
        (search.ALONE_MOST, "No word alone is worth more than {:g}"),
        (CenterFace.alone * 3, "its score counts {:g}/3 times"),
        (YuNet.alone, "its score counts {:g} times"),
        (search.MOST_IN_VIEW, "the best {:,} candidates"),
        (search.VIEWS_ON_ACCELERATOR, "on a CPU, and {} on an accelerator"),
        (pipeline.GROUP_ON_ACCELERATOR, "over up to {} pictures"),
    ],
)
def test_numbers_are_those_of_the_code(value: float, said: str) -> None:
    """A constant that the page names has that value."""
    assert said.format(value) in WORDS


def test_the_second_look_is_as_it_is_told() -> None:
    """Three looks, half covered, and the reason by which an image is held back."""
    assert (searching.SECOND_LOOKS, "the third such look" in WORDS) == (3, True)
    assert (verification.LEAST_COVERED, "of which less than half was treated" in WORDS) == (0.5, True)
    for word in (Reason.RESIDUAL, Reason.UNSURE, *Look):
        assert f"`{word.value}`" in TEXT


def test_fusions_are_those_of_the_code() -> None:
    """Both members with the defaults that the table gives them."""
    rows = table("## Fusion")
    assert [re.findall(r"`(\w+)`", row[0])[0] for row in rows] == ["wbf", "union"]
    assert set(fusion.FUSIONS) == {"wbf", "union"}
    for member in fusion.FUSIONS.values():
        made: Any = member()
        assert rows[0][2] == f"`min_iou` {made.min_iou:g}, `weakest_ratio` {made.weakest_ratio:g}"


def test_policies_that_ship_are_as_they_are_told() -> None:
    """Bands, the default fusion, the second look and the shares searched again."""
    shipped = {name: Policy.from_mapping(policies.load(name)) for name in policies.names()}
    for one in shipped.values():
        assert f"`sure: {one.bands.sure:g}` and `unsure: {one.bands.unsure:g}`" in WORDS
        assert (one.fusion.name, one.second_look.name if one.second_look else None) == ("wbf", "fast")
        assert 1 / len(one.detectors) <= one.bands.unsure  # the mean with those who see nothing does not count
        assert one.bands.unsure <= search.ALONE_MOST < one.bands.sure  # one word alone is unsure at most, as it says
    shares = {name: one.thorough_share for name, one in shipped.items()}
    assert (shares["internal"], shares["research"], shares["partner"]) == (0.05, 0.05, 0.1)
    assert "`partner` has 0.1, `internal` and `research` 0.05" in WORDS
    assert shipped["public"].plan.name == "thorough"
    assert f"the {shipped['public'].face.region_ratio:.1f} of `public`" in WORDS


def test_detectors_are_those_of_the_code() -> None:
    """Each member has a line that says whether a policy that ships uses it, its landmarks and its licence."""
    rows = {row[0].strip("`"): row for row in table("## Detectors")}
    assert set(rows) == set(DETECTORS)
    used = {who.name for name in policies.names() for who in Policy.from_mapping(policies.load(name)).detectors}
    for name, (_, licence, default, landmarks, *_) in rows.items():
        assert (default == "yes") == (name in used)
        assert landmarks.startswith("yes") == DETECTORS[name].landmarks
        model = next((f.default for f in fields(DETECTORS[name]) if f.name == "model"), MISSING)  # type: ignore[arg-type]
        if model is not MISSING:
            assert registry().entry(model.name).terms.licence.startswith(licence)


def test_the_policy_of_the_page_finds_faces(tmp_path: Path) -> None:
    """The example loads as it stands, and over graphs of the tests its plan finds a dot, who saw it where named."""
    written = Policy.from_mapping(POLICY)
    assert (written.plan.name, len(written.plan.passes)) == ("groups", 5)
    models = {
        "centerface": graphs.stored(tmp_path, "dots", graphs.red_dot_detector()),
        "yunet": graphs.stored(tmp_path, "yunet_dots", yunet_graph.red_dots()),
    }
    named = [{"name": name, "model": models[name]} for name in POLICY["detectors"]]
    made = Policy.from_mapping({**POLICY, "detectors": named})
    image = np.full((512, 640, 3), 90, np.uint8)
    image[256:264, 320:328] = (255, 0, 0)
    ((found,),) = made.searcher.search([image], made.plan, Runtime((str(tmp_path),)))
    x0, y0, x1, y1 = found.box
    assert x0 < 324 < x1
    assert y0 < 260 < y1
    assert {(s.detector, s.seen_in) for s in found.sightings} >= {("centerface", "coarse"), ("yunet", "tiles")}


def test_the_query_runs(tmp_path: Path) -> None:
    """The page's SQL counts the sightings of a lake; ``explode`` has another name where Spark is not."""
    (sql,) = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
    lake: Lake = lakes.make(tmp_path / "lake", [lakes.row("a", b"one", status="anonymized", faces=[lakes.face()] * 2)])
    (row,) = lake.query(sql.replace("explode", "unnest")).to_pylist()
    assert list(row.values()) == ["centerface", "full", 2]


def test_columns_of_the_record_are_those_of_the_table() -> None:
    """What the page says that the record keeps is kept."""
    types = {column.name: column.type for column in IMAGES.columns}
    inner = {field.name for field in types["faces"].value_type}
    for name, *_ in table("## What the record keeps"):
        column, _, below = name.strip("`").partition("[].")
        assert column in types
        assert not below or below in inner


@pytest.mark.parametrize("line", COMMANDS, ids=[f"{n}-{line.split()[1]}" for n, line in enumerate(COMMANDS)])
def test_a_command_is_understood(line: str) -> None:
    """Every command of the page has a parser that takes its arguments."""
    assert len(COMMANDS) >= 9
    words = shlex.split(line.partition(" > ")[0])
    if words[0] == "faceveil":
        importlib.import_module(f"jobs.{words[1]}").parser().parse_args(words[2:])
    else:
        assert words[:3] == ["python", "-m", "benchmarks.recall"]
        recall.parser().parse_args(words[3:])


def test_the_figures_say_what_they_are_of() -> None:
    """Composed scenes are no real data set, and the section says so before any figure."""
    assert "on **composed scenes**, not on a labelled real data set" in WORDS


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", TEXT))))
def test_links_lead_somewhere(link: str) -> None:
    """The page, and the heading in it, are there."""
    name, _, anchor = link.partition("#")
    page = (ROOT / "docs" / name).read_text(encoding="utf-8") if name else TEXT
    headings = [
        re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    ]
    assert not anchor or anchor in headings
