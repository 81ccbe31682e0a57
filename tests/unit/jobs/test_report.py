"""``faceveil report``: the word that is earned and no other, nothing of a source, everything escaped."""

import html
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from anonymizer_udfs.evidence.figure import Figure
from conf import gates
from jobs import report
from jobs.gate import judge
from jobs.lake import APP, Commit, Lake
from jobs.metrics import Metrics
from jobs.reporting import curves, pages, worst
from jobs.reporting.blocks import Document, Drawing, Points, Section, Table, Text
from jobs.reporting.curves import Axis, Line
from tests.support import evaluated_lakes, evidence, lakes
from tests.support.evaluated_lakes import DEFAULT, EXPECTED
from tests.unit.jobs.cases import Asked, Told

CASES = [
    pytest.param(None, "obfuscated", "Nobody has evaluated this lake", id="not-evaluated"),
    pytest.param(evaluated_lakes.good(), "anonymous under test", "blind guess names", id="whole"),
    pytest.param(evaluated_lakes.good(context=False), "face-anonymized", "what is around faces", id="faces"),
    pytest.param(
        evaluated_lakes.refused(), "obfuscated", "learned_linear (T2) by arcface was measured at", id="refused"
    ),
    pytest.param(evaluated_lakes.void(), "obfuscated", "The evaluation is void", id="void"),
    pytest.param([], "obfuscated", "was not measured", id="no-figures"),
]


def written(lake: Lake, asked: Asked, tmp_path: Path, *words: str, code: int = 0) -> tuple[dict[str, object], str, str]:
    """Run the command; return its answer and both pages."""
    page, text = tmp_path / "report.html", tmp_path / "report.md"
    said = asked(report, lake.uri, "--out", page, "--markdown", text, *words, code=code)
    return said, page.read_text(encoding="utf-8"), text.read_text(encoding="utf-8")


@pytest.mark.parametrize(("figures", "word", "says"), CASES)
def test_the_word_is_the_one_that_is_earned(
    figures: list[Figure] | None, word: str, says: str, tmp_path: Path, asked: Asked
) -> None:
    """Both pages begin with it, and say why; a lake that nobody evaluated has the weakest."""
    said, page, text = written(evaluated_lakes.make(tmp_path / "lake", figures), asked, tmp_path)
    assert said["word"] == word
    assert f'<h1 id="word">{word}</h1>' in page
    assert text.startswith(f"# {word}\n")
    assert says in html.unescape(page)
    assert says in text.replace("\\", "")
    told = "not measured: faceveil evaluate LAKE --labels FILE --canaries FOLDER" in html.unescape(page)
    assert told or figures != [], "what was not measured is told with what measures it"
    assert not (told and word == "anonymous under test"), "and only that"


@pytest.mark.parametrize("figures", [None, evaluated_lakes.refused()], ids=["not-evaluated", "refused"])
def test_nothing_of_a_source_or_of_the_machine_is_in_it(
    figures: list[Figure] | None, tmp_path: Path, asked: Asked
) -> None:
    """No name of a source, no path, no host; pictures are the released ones, without metadata."""
    _, page, text = written(evaluated_lakes.make(tmp_path / "lake", figures), asked, tmp_path)
    for made in (re.sub(r"base64,[^\"]+", "", page), text):
        for word in ("anna", "secret", "held.png", str(tmp_path), "/tmp", "/home", "/root", "file:", ".vault"):  # noqa: S108 - looked for
            assert word not in made
        assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", made)


@pytest.mark.parametrize("figures", [None, evaluated_lakes.good()], ids=["not-evaluated", "whole"])
def test_the_page_asks_for_nothing(figures: list[Figure] | None, tmp_path: Path, asked: Asked) -> None:
    """No script, no address but those of its own sections and pictures, and a policy that would forbid them."""
    _, page, _ = written(evaluated_lakes.make(tmp_path / "lake", figures), asked, tmp_path)
    assert "<script" not in page
    assert not re.search(r"\son\w+\s*=", page)
    found = re.findall(r'(?:src|href|action|data|url)\s*[=(]\s*"?([^"\s)>]+)', page)
    assert all(one.startswith(("#", "data:image/png;base64,")) for one in found)
    assert set(re.findall(r"https?://[^\"\s]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page


def test_every_text_is_escaped(tmp_path: Path, asked: Asked) -> None:
    """What others wrote into the lake, whether in a figure, an event or a row, is text, in HTML and in Markdown."""
    evil = "<img src=x onerror=alert(1)>|*x*"
    lake = lakes.make(tmp_path / "lake", [lakes.row("file:///a", faces=[lakes.face(evil)], policy=evil)])
    lake.ledger.append(lakes.event("finished", "run-2", policy=evil, model_digests={evil: evil}))
    whose = {"attack": evil, "tier": evil, "recognizer": evil, "gallery": "1000"}
    figures = [
        evidence.bounded("attack", "rank1", 0.4, whose),
        *(evidence.figure("attack", "cmc", 0.1 * r, whose | {"rank": str(r)}) for r in (1, 2, 3)),
        evidence.figure("control", "clear_found", 0.1, {"recognizer": evil, "asked": evil, "passed": evil}),
        evidence.figure("utility", evil, 0.1, {evil: evil}),
    ]
    evaluated_lakes.evaluate(lake, figures, evil)
    _, page, text = written(lake, asked, tmp_path)
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x") > 5
    assert "<img" not in text.replace("\\<img", "")
    assert not re.search(r"(?<!\\)\|\\?\*x", text)


def test_tables_of_the_markdown_are_whole(tmp_path: Path, asked: Asked) -> None:
    """Each row has as many cells as its head, so that every reader shows it as a table."""
    _, _, text = written(evaluated_lakes.make(tmp_path / "lake", evaluated_lakes.good()), asked, tmp_path)
    rows = [re.sub(r"\\.", "", line).count("|") for line in text.splitlines() if line.startswith("|")]
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(rows) > 50
    for block in blocks:
        assert len({re.sub(r"\\.", "", line).count("|") for line in block.splitlines()}) == 1


@pytest.mark.parametrize(
    "title",
    [
        "The gate",
        "Who attacked, and what they reached",
        "The worst faces, as released",
        "What was done",
        "Found late, and held back",
        "What is left of the pictures' use",
        "What it cost",
        "What was assumed",
        "What is not covered",
        "What happens when the key is lost",
        "How every number can be made again",
    ],
)
def test_all_that_was_promised_has_its_place(title: str, tmp_path: Path, asked: Asked) -> None:
    """Each section is there, under its heading and in the list of sections."""
    _, page, text = written(evaluated_lakes.make(tmp_path / "lake", evaluated_lakes.refused()), asked, tmp_path)
    assert html.unescape(page).count(title) >= 2
    assert f"## {title}" in text


def test_what_is_not_covered_is_said(tmp_path: Path, asked: Asked) -> None:
    """Text, badges, tattoos, bodies, gait and voices; whoever holds the photo; the key."""
    _, _, text = written(evaluated_lakes.make(tmp_path / "lake", None), asked, tmp_path)
    for word in ("text in the picture", "badges", "tattoos", "bodies", "gait", "voices"):
        assert word in text
    assert "Whoever holds the very photo knows the photo" in text


def test_only_released_faces_are_shown(tmp_path: Path, asked: Asked) -> None:
    """Of thirteen named faces those in review, gone, out of place or of an odd id are left out."""
    lake = evaluated_lakes.make(tmp_path / "lake", evaluated_lakes.good())
    _, page, _ = written(lake, asked, tmp_path)
    assert page.count("data:image/png;base64,") == 8
    assert "13 were named; of those that may be released, 8 are shown" in page


def test_each_attacker_has_some_of_the_worst_faces(tmp_path: Path, asked: Asked) -> None:
    """Attackers count in units of their own: the worst of each comes first, and a face that two named is shown once."""
    ids = [lakes.KEY.image_id(f"{evaluated_lakes.HOME}/{i}.png") for i in range(4)]
    named = [("replay", 0, 58.0), ("replay", 1, 57.0), ("replay", 2, 56.0), ("static", 3, 0.1), ("static", 0, 0.05)]
    figures = [
        evidence.figure("worst", "score", score, {"image_id": ids[i], "face": "0", "attack": attack})
        for attack, i, score in named
    ]
    _, page, _ = written(evaluated_lakes.make(tmp_path / "lake", figures), asked, tmp_path)
    shown = re.findall(r"named by ([a-z, ]+); image (\w+)", page)
    assert [(who, image) for who, image in shown] == [
        ("replay, static", ids[0][:12]),
        ("static", ids[3][:12]),
        ("replay", ids[1][:12]),
        ("replay", ids[2][:12]),
    ]


def test_a_smaller_gallery_is_shown_and_told(tmp_path: Path, asked: Asked) -> None:
    """Where too few people were there for the gate's own, what was measured is in the page, and that it falls short."""
    whose = {"attack": "static", "tier": "T0", "recognizer": "arcface", "gallery": "36"}
    figures = [evidence.bounded("attack", "rank1", 0.15, whose, people=36)]
    _, page, text = written(evaluated_lakes.make(tmp_path / "lake", figures), asked, tmp_path)
    for made in (page, text):
        assert "asks for a gallery of 1,000; the largest that was attacked is shown" in made
        assert "right person among 36" in made


def test_people_who_stand_in_are_shown_apart(tmp_path: Path, asked: Asked) -> None:
    """In a table of their own, with what they are worth; a lake in which one kind is found for sure is refused."""
    shown = [*evaluated_lakes.good(), *evidence.stood_in(DEFAULT, 0.0), *evidence.stood_in(DEFAULT, 0.3, "guessed")]
    said, page, text = written(evaluated_lakes.make(tmp_path / "lake", shown), asked, tmp_path)
    assert said["word"] == "obfuscated"
    for made in (html.unescape(page), text):
        assert "Canaries, among 1,000" in made
        assert "People whom two recognizers guess, among 1,000" in made
        assert "speak against the lake and never for it" in made
        assert "is at least 30.00%" in made
    alone = written(evaluated_lakes.make(tmp_path / "other", evaluated_lakes.good()), asked, tmp_path)[1]
    assert "never for it" not in alone


def test_a_crop_is_of_the_region_and_a_little_around() -> None:
    """At the border it ends with the picture; the mask is in its middle."""
    inside = worst.crop(evaluated_lakes.photo(0), evaluated_lakes.face())
    assert inside.shape == (worst.SIDE_PX, worst.SIDE_PX, 3)
    assert inside[64, 64].tolist() == [40, 44, 52]
    edge = evaluated_lakes.face() | {"region": {"x0": 80, "y0": 60, "x1": 96, "y1": 80}}
    assert worst.crop(evaluated_lakes.photo(0), edge).shape[2] == 3


def test_images_that_changed_since_cost_the_word(tmp_path: Path, asked: Asked) -> None:
    """An image that was added after the evaluation is not what was evaluated; an empty commit changes nothing."""
    lake = evaluated_lakes.make(tmp_path / "lake", evaluated_lakes.good())
    lake.tables.append("images", lakes.images([]), APP, Commit(7, 0).version)
    assert written(lake, asked, tmp_path)[0]["word"] == "anonymous under test"
    lake.tables.append("images", lakes.images([lakes.row("file:///new", b"new")]), APP, Commit(8, 1).version)
    said, page, _ = written(lake, asked, tmp_path)
    assert said["word"] == "obfuscated"
    assert "1 images are not as they were evaluated" in page


@pytest.mark.parametrize("until", ["started", "finished"])
def test_an_evaluation_without_a_verdict_earns_nothing(until: str, tmp_path: Path, asked: Asked) -> None:
    """It was cut off, however good the figures are that it left."""
    lake = lakes.make(tmp_path / "lake", evaluated_lakes.rows())
    evaluated_lakes.evaluate(lake, evaluated_lakes.good(), until=until)
    said, page, _ = written(lake, asked, tmp_path)
    assert said["word"] == "obfuscated"
    assert "has no verdict" in page


def test_a_verdict_that_the_figures_do_not_earn_is_caught(tmp_path: Path, asked: Asked) -> None:
    """The ledger claims the strongest word over figures of a weak method: the weaker counts, exit code 5."""
    lake = lakes.make(tmp_path / "lake", evaluated_lakes.rows())
    began = evaluated_lakes.event("started", "run-e", table_versions=lake.tables.versions())
    Metrics(lake).append(evaluated_lakes.refused(), "run-e", lake.ledger.append(began))
    lake.ledger.append(began.then("verdict", **judge(DEFAULT, evaluated_lakes.good(), EXPECTED).recorded()))
    said, page, _ = written(lake, asked, tmp_path, code=5)
    assert said["word"] == "obfuscated"
    assert "one of the two was changed" in page


@pytest.mark.parametrize("settings", ["", "[]", "{", '{"gate": 3, "expected": []}'], ids=["none", "list", "cut", "odd"])
def test_a_verdict_that_says_nothing_is_no_claim(settings: str, tmp_path: Path, asked: Asked) -> None:
    """A record that cannot be read is judged by the default gate, and never stops the report."""
    lake = lakes.make(tmp_path / "lake", evaluated_lakes.rows())
    began = evaluated_lakes.event("started", "run-e", table_versions=lake.tables.versions())
    Metrics(lake).append(evaluated_lakes.refused(), "run-e", lake.ledger.append(began))
    lake.ledger.append(began.then("verdict", settings=settings, policy_digest=None))
    assert written(lake, asked, tmp_path)[0]["word"] == "obfuscated"


def test_a_verdict_by_a_milder_gate_is_none(tmp_path: Path, asked: Asked) -> None:
    """A gate that was written into the ledger by hand cannot ask for less than the default."""
    lake = lakes.make(tmp_path / "lake", evaluated_lakes.rows())
    began = evaluated_lakes.event("started", "run-e", table_versions=lake.tables.versions())
    Metrics(lake).append(evaluated_lakes.refused(), "run-e", lake.ledger.append(began))
    mild = DEFAULT.model_copy(
        update={"named_over_chance": 0.9, "matched_over_fmr": 0.9, "visible_least": 1, "people_least": 1}
    )
    lake.ledger.append(began.then("verdict", **judge(mild, evaluated_lakes.refused(), EXPECTED).recorded()))
    said, page, _ = written(lake, asked, tmp_path, code=5)
    assert said["word"] == "obfuscated"
    assert "asks for less than default" in page


def test_a_broken_ledger_is_a_failed_check(tmp_path: Path, asked: Asked) -> None:
    """The page says so, no word is kept, and the exit code is 5."""
    lake = evaluated_lakes.make(tmp_path / "lake", evaluated_lakes.good())
    row = lake.ledger.events()[-1] | {"event_seq": 99, "policy": "changed"}
    lake.tables.append("runs", lakes.ledger_rows([row]), "chain", 99)
    said, page, _ = written(lake, asked, tmp_path, code=5)
    assert said["word"] == "obfuscated"
    assert "the ledger is broken" in page


def test_an_earlier_evaluation_can_be_asked_for(tmp_path: Path, asked: Asked, told: Told) -> None:
    """By its run; an unknown one is answered with the known ones; a later one that began is told; both are drawn."""
    lake = evaluated_lakes.make(tmp_path / "lake", evaluated_lakes.refused())
    evaluated_lakes.evaluate(lake, evaluated_lakes.good(), "run-f")
    said, page, _ = written(lake, asked, tmp_path)
    assert (said["run_id"], said["word"]) == ("run-f", "anonymous under test")
    assert "what is kept against what is risked" in page
    said, page, _ = written(lake, asked, tmp_path, "--run", "run-e")
    assert (said["run_id"], said["word"]) == ("run-e", "obfuscated")
    assert "A later evaluation (run-f) has been begun" in page
    assert "run-e, run-f" in told(report, lake.uri, "--out", tmp_path / "x.html", "--run", "run-1", code=2)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        pytest.param(["--out", "{lake}/report.html"], 2, "must not lie inside the lake", id="in-the-lake"),
        pytest.param(
            ["--out", "{lake}.vault/report.html"], 2, "must not lie inside the lake or its vault", id="in-the-vault"
        ),
        pytest.param(["--out", "{tmp}/a", "--markdown", "{tmp}/a"], 2, "two files", id="one-file"),
        pytest.param(["--out", "s3a://bucket/report.html"], 2, "a file of this machine", id="bucket"),
        pytest.param(["--out", "{tmp}/none/report.html"], 1, "cannot be written", id="no-folder"),
        pytest.param([], 2, "--out", id="nowhere"),
    ],
)
def test_a_page_that_cannot_be_is_refused(words: list[str], code: int, says: str, tmp_path: Path, told: Told) -> None:
    """In one line, and nothing is written."""
    lake = evaluated_lakes.make(tmp_path / "lake", None)
    given = [word.format(lake=lake.uri, tmp=tmp_path) for word in words]
    if code == 2 and not words:
        with pytest.raises(SystemExit):
            report.main([lake.uri])
        return
    assert says in told(report, lake.uri, *given, code=code)
    assert not list(tmp_path.glob("*.html"))


def test_a_recorded_gate_of_ones_own_is_judged_by(tmp_path: Path, asked: Asked) -> None:
    """The whole gate is in the verdict, so that its file is not needed: strict figures, and a stricter gate's name."""
    strict = gates.load("strict")
    own = strict.model_copy(update={"name": "mine", "k_least": 50})
    lake = lakes.make(tmp_path / "lake", evaluated_lakes.rows())
    evaluated_lakes.evaluate(lake, evidence.whole(strict), gate=own)
    said, page, _ = written(lake, asked, tmp_path)
    assert said["word"] == "anonymous under test"
    assert "99% confidence" in page


def test_an_axis_is_marked_at_round_numbers() -> None:
    """Powers of ten where it is logarithmic; else about five, and its own beginning."""
    assert Axis("x", 1, 20, percent=False).marks() == [1, 5, 10, 15, 20]
    assert Axis("x", 0, 0.01).marks() == pytest.approx([0, 0.002, 0.004, 0.006, 0.008, 0.01])
    assert Axis("x", 1e-4, 1, log=True).marks() == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1])


def test_a_line_is_drawn_where_it_is_a_number() -> None:
    """What is none is left out, what is beyond an end is at it, and names are escaped."""
    nan = float("nan")
    line = Line("<a&b>", ((0.0, nan), (0.5, 2.0), (1.0, 0.5)))
    svg = curves.chart([line], (Axis("x", 0, 1), Axis("y", 0, 1)), key="k", title="t<", said="s")
    assert "nan" not in svg
    assert "&lt;a&amp;b&gt;" in svg
    assert "<a&b>" not in svg
    assert re.search(r'class="line c0" d="M[\d.]+ 12\.0L', svg)


def test_a_block_without_rows_is_not_shown() -> None:
    """An empty table leaves neither a caption nor a head, in both pages."""
    blocks = (Text("t"), Points(("p",)), Table("nothing here", ("a",), ()), Drawing("d", "said", "<svg></svg>"))
    made = Document("w", "m", good=False, alarms=(), facts=(), lead=(), lacking=(), next_word="", sections=())
    made = replace(made, sections=(Section("k", "S", blocks),))
    for page in (pages.html(made), pages.markdown(made)):
        assert "nothing here" not in page
        assert "said" in page or "<svg></svg>" in page


def test_figures_of_another_run_are_not_its_own(tmp_path: Path, asked: Asked) -> None:
    """Two evaluations in one table: the newest is judged by its own figures alone."""
    lake = evaluated_lakes.make(tmp_path / "lake", evaluated_lakes.good())
    evaluated_lakes.evaluate(lake, [replace(one) for one in evaluated_lakes.good()[:3]], "run-f")
    assert written(lake, asked, tmp_path)[0]["word"] == "obfuscated"
