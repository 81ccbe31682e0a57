"""Mapping data sets to policies: kept in the vault alone, checked before a run, and refused whole."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.recognition import build
from anonymizer_udfs.recognition.panels import Member, Panel
from anonymizer_udfs.sources.base import SourceSpec, Storage
from conf import settings
from jobs import context, orders, policy, status, tiers
from jobs.errors import UsageError
from jobs.lake import Lake
from jobs.models import registry
from jobs.options import Common
from jobs.request import Request
from jobs.tables import Tables
from jobs.tiers import TierStore
from jobs.vault import KeySource, Vault
from schemas import TIERS
from tests.support import lakes
from tests.unit.jobs.cases import Asked, Told

STORAGE = Storage()
NOBODY = Panel((Member(build("dlib_resnet"), {}),))
"""Who could judge no face."""


@pytest.fixture
def store(tmp_path: Path) -> TierStore:
    """The patterns of a vault that is new."""
    vault = Vault(str(tmp_path / "lake.vault"), STORAGE)
    vault.prepare()
    return TierStore(vault, STORAGE)


@pytest.fixture(autouse=True)
def treatments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make treatments of policies without models: what they are is checked, not what they would find."""

    def treatment(name: str, given: settings.Settings) -> context.Treatment:
        found = policy.load(name, given)
        raised = context.stronger(found, given, registry())
        more = None if raised is None or found.risk is None else treatment(found.risk.to, given)
        if found.risk is not None and raised is not None:
            found = replace(found, risk=replace(found.risk, to=raised.name))
        return context.Treatment(found, NOBODY, context.Runtime(()), {}, raised=more)

    monkeypatch.setattr(context.Treatment, "models", ())
    monkeypatch.setattr(context, "treatment", treatment)


def request(lake: Path, name: str = "public", vault: str | None = None) -> Request:
    """Return what a command line asks for."""
    common = Common(settings.load(), vault, KeySource())
    return Request(common, SourceSpec("/photos"), str(lake), context.treatment(name, common.settings))


def own(folder: Path, name: str, **changes: object) -> Path:
    """Write a policy of one's own: internal under another name."""
    mapping = {**policy.mapping(policy.load("internal", settings.load())), "name": name, **changes}
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(mapping), encoding="utf-8")
    return file


def test_nothing_mapped_is_no_error(tmp_path: Path) -> None:
    """A vault of an older faceveil, none at all, and one that is yet to come: all images have the run's policy."""
    for vault in (None, "none", str(tmp_path / "elsewhere")):
        resolved = tiers.early(request(tmp_path / "lake", vault=vault))
        assert (resolved.tiers, dict(resolved.others)) == (tiers.Tiers(), {})
        assert resolved.treatments == (resolved.treatment,)
    assert not (tmp_path / "lake.vault").exists()


def test_the_newest_decision_on_a_pattern_counts(store: TierStore) -> None:
    """A decision is added, none is changed, so that the vault also says what was decided before."""
    assert store.mapped() == {}
    for pattern, name in (("b", "internal"), ("a", "partner"), ("b", "public"), ("a", None), ("c", "x.yaml")):
        store.decide(pattern, name)
    assert store.mapped() == {"b": "public", "c": "x.yaml"}
    assert [row["policy"] for row in store.entries()] == ["internal", "partner", "public", None, "x.yaml"]


def test_patterns_lie_in_the_vault_alone(lake: Lake, store: TierStore, told: Told, tmp_path: Path) -> None:
    """No file of the lake holds a pattern that was mapped."""
    told(policy, "map", tmp_path / "lake", "/photos/jane-doe/**", "internal")
    held = [p for p in tmp_path.rglob("*") if p.is_file() and b"jane-doe" in p.read_bytes()]
    assert held
    assert all(p.is_relative_to(tmp_path / "lake.vault" / TIERS.name) for p in held)
    assert store.mapped() == {"file:///photos/jane-doe/**": "internal"}
    assert Path(lake.uri).is_dir()


def test_map_unmap_and_mapped(told: Told, asked: Asked, tmp_path: Path) -> None:
    """They say what holds from the next run on, in the order in which it counts."""
    lake, file = tmp_path / "new", own(tmp_path, "mine", tier=25)
    assert "nothing is mapped" in told(policy, "mapped", lake)
    assert "(tier 20) from the next run on" in told(policy, "map", lake, "/photos/a", "internal")
    assert asked(policy, "map", lake, "s3://raw/x", file)["policy"] == str(file)
    assert asked(policy, "map", lake, "/photos/a/b", "public")["tier"] == 40
    found = [(one["pattern"], one["policy"], one["tier"]) for one in asked(policy, "mapped", lake)]
    assert found == [
        ("file:///photos/a/b", "public", 40),
        ("file:///photos/a", "internal", 20),
        ("s3a://raw/x", str(file), 25),
    ]
    assert "no policy of its own any more" in told(policy, "unmap", lake, "/photos/a/b")
    assert "nothing is mapped by this pattern" in told(policy, "unmap", lake, "/photos/a/b", code=2)
    file.unlink()
    text = told(policy, "mapped", lake)
    assert "the next run stops at it" in next(line for line in text.splitlines() if "s3a://raw/x" in line)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("/photos", "pubic"), "did you mean 'public'", id="policy"),
        pytest.param(("/photos/*/../x", "public"), "after a wildcard", id="pattern"),
        pytest.param(("/photos", "public", "--vault", "none"), "in a vault alone", id="no-vault"),
        pytest.param(("/photos", "gone.yaml"), "give a .yaml file", id="file"),
    ],
)
def test_what_cannot_be_mapped_is_refused(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """Nothing is written, and one line says why."""
    code = "import sys; from jobs import policy; sys.exit(policy.main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "map", str(tmp_path / "lake"), *words], capture_output=True, text=True, check=False
    )
    assert (done.returncode in {1, 2}, says in done.stderr, done.stderr.count("\n")) == (True, True, 1)
    assert not list(tmp_path.iterdir())


def test_a_run_knows_the_policies_of_its_data_sets(store: TierStore, tmp_path: Path) -> None:
    """Each once, whatever the number of its patterns; the run's own is none of them."""
    file = own(tmp_path, "mine", tier=25)
    for pattern, name in (("file:///a", "internal"), ("file:///b", str(file)), ("file:///c", "internal")):
        store.decide(pattern, name)
    store.decide("file:///d", "public")
    resolved = tiers.early(request(tmp_path / "lake"))
    assert list(resolved.others) == ["internal", "mine", "partner"]  # the last is what the others raise images to
    assert resolved.tiers is not None
    assert [resolved.tiers.policy_of(f"file:///{name}/1.jpg") for name in "abcde"] == [
        "internal",
        "mine",
        "internal",
        "public",
        None,
    ]
    assert {one.policy: one.tier for one in resolved.tiers.rules} == {"internal": 20, "mine": 25, "public": 40}
    assert tiers.resolved(resolved, None) is resolved


def test_a_policy_brings_what_it_raises_to(tmp_path: Path) -> None:
    """Also one in a file, by the name within it; what changes there takes the images again."""
    top = own(tmp_path, "top", tier=90, risk=None)
    mild = own(tmp_path, "mine", tier=25, risk={"raise_at": 0.4, "to": str(top)})
    before = tiers.early(request(tmp_path / "lake", str(mild)))
    assert list(before.others) == ["top"]
    assert before.treatment.policy.risk is not None
    assert before.treatment.policy.risk.to == "top"
    spec = orders.worker_spec(before, lakes.KEY, "run", 0)
    assert spec.raised().policy == before.others["top"].policy
    unasked = orders.worker_spec(request(tmp_path / "lake", str(mild)), lakes.KEY, "run", 0)
    assert unasked.raised().policy == spec.raised().policy
    own(tmp_path, "top", tier=90, risk=None, thorough_share=0.9)
    after = tiers.early(request(tmp_path / "lake", str(mild)))
    assert after.treatment.digest != before.treatment.digest


def test_a_change_reaches_what_images_are_raised_to(tmp_path: Path) -> None:
    """Groups and models of a lake are told to every policy, so that one digest is the same wherever it is."""
    asked = tiers.early(request(tmp_path / "lake", "internal"))
    told = asked.each(lambda one: replace(one, groups=f"head of {one.policy.name}"))
    assert told.treatment.raised is not None
    assert (told.treatment.groups, told.treatment.raised.groups) == ("head of internal", "head of partner")
    assert told.others["partner"].digest == told.treatment.raised.digest != asked.others["partner"].digest


@pytest.mark.parametrize(
    ("risk", "says"),
    [
        pytest.param({"raise_at": 0.4, "to": "pubic"}, "did you mean 'public'", id="unknown"),
        pytest.param({"raise_at": 0.4, "to": "research"}, "must be the higher one", id="lower-tier"),
        pytest.param({"raise_at": 4, "to": "public"}, "raise_at must be", id="score"),
    ],
)
def test_a_raise_that_cannot_be_is_told(risk: dict[str, object], says: str, told: Told, tmp_path: Path) -> None:
    """By ``policy check``, and by a run before anything is started."""
    mine = own(tmp_path, "mine", risk=risk)
    assert says in told(policy, "check", mine, code=2)
    with pytest.raises(FaceveilError, match=says):
        request(tmp_path / "lake", str(mine))


def test_a_raise_is_shown_in_words(told: Told, tmp_path: Path) -> None:
    """When, to what, and what is weighed; parts of no weight are left out."""
    weights = {"size": 3, "frontality": 0, "context": 0, "count": 0, "metadata": 1}
    mine = own(tmp_path, "mine", risk={"raise_at": 0.4, "to": "public", "weights": weights})
    words = " ".join(told(policy, "show", mine).replace("#", "").split())
    assert "An image whose risk score is 0.4 or more is searched and treated as public says" in words
    assert "weighs: size 0.75, metadata 0.25." in words
    assert "Its tier is 20; a policy of a higher tier protects more." in words


def test_steps_are_shown_in_words_and_come_back(told: Told, tmp_path: Path) -> None:
    """In their order, with their parameters; what is shown is a policy again."""
    mine = own(tmp_path, "mine", steps=[{"name": "shrink", "long_side_px": 800}, "grey"], risk=None)
    shown = told(policy, "show", mine)
    words = " ".join(shown.replace("#", "").split())
    assert "every pixel is changed, in this order: shrink(long_side_px=800), grey." in words
    again = tmp_path / "again.yaml"
    again.write_text(shown, encoding="utf-8")
    assert policy.load(str(again), settings.load()) == policy.load(str(mine), settings.load())
    assert "valid" in told(policy, "check", again)
    assert "unknown step" in told(policy, "check", own(tmp_path, "other", steps=["gray"]), code=2)


def test_a_mapped_policy_that_is_gone_stops_the_run(store: TierStore, tmp_path: Path) -> None:
    """Its images are not treated by another one; the line names the policy and no pattern."""
    store.decide("file:///jane-doe", "gone")
    with pytest.raises(UsageError, match="a data set has the policy gone, which cannot be used: unknown") as caught:
        tiers.early(request(tmp_path / "lake"))
    assert "jane" not in str(caught.value)


def test_two_policies_of_one_name_stop_the_run(store: TierStore, tmp_path: Path) -> None:
    """Else rows could not say which one it was; the same policy from two files is one."""
    (tmp_path / "b").mkdir()
    one, same = own(tmp_path, "mine"), own(tmp_path / "b", "mine")
    store.decide("file:///a", str(one))
    store.decide("file:///b", str(same))
    assert list(tiers.early(request(tmp_path / "lake")).others) == ["mine", "partner"]
    own(tmp_path / "b", "mine", thorough_share=0.06)
    with pytest.raises(UsageError, match="both named 'mine'"):
        tiers.early(request(tmp_path / "lake"))
    own(tmp_path / "b", "public")
    store.decide("file:///b", str(tmp_path / "b" / "public.yaml"))
    with pytest.raises(UsageError, match="both named 'public'"):
        tiers.early(request(tmp_path / "lake"))


def test_workers_are_told_all_policies(store: TierStore, tmp_path: Path) -> None:
    """Each with its digest, by which its images are known to be done."""
    store.decide("file:///a", "internal")
    asked = tiers.early(request(tmp_path / "lake"))
    spec = orders.worker_spec(asked, lakes.KEY, "run", 0)
    assert spec.under(None).provenance.policy_digest == asked.treatment.digest
    assert spec.under("internal").provenance.policy_digest == asked.others["internal"].digest
    assert spec.under("internal").policy == asked.others["internal"].policy
    assert spec.under("internal").under("public").policy == spec.policy


def test_a_run_s_record_keeps_digests_and_no_pattern(store: TierStore, lake: Lake, tmp_path: Path) -> None:
    """It says which policies there were and, by a keyed id, under which mapping; another mapping is another run."""
    bare = orders.event(tiers.early(request(tmp_path / "lake")), lake, lakes.KEY)
    assert json.loads(bare.settings or "")["mapping"] is None
    store.decide("file:///jane-doe", "internal")
    asked = tiers.early(request(tmp_path / "lake"))
    first = orders.event(asked, lake, lakes.KEY)
    assert "jane" not in repr(first)
    assert context.tiers_of(first.settings) == {name: asked.others[name].digest for name in ("internal", "partner")}
    lake.ledger.append(first)
    again = orders.event(asked, lake, lakes.KEY)
    assert (again.event, again.run_id) == ("resumed", first.run_id)
    store.decide("file:///john-doe", "internal")
    other = orders.event(tiers.early(request(tmp_path / "lake")), lake, lakes.KEY)
    assert (other.event, other.run_id == first.run_id) == ("started", False)


def test_status_knows_the_policies_of_data_sets(lake: Lake, store: TierStore, asked: Asked, tmp_path: Path) -> None:
    """Images of a data set's policy are current while the newest run has it, and go by its name."""
    store.decide("file:///a", "internal")
    wanted = tiers.early(request(tmp_path / "lake"))
    digest = wanted.others["internal"].digest
    lake.tables.append("images", lakes.images([lakes.row("mild", b"x", policy_digest=digest)]), "images", 1 << 33)
    lake.ledger.append(orders.event(wanted, lake, lakes.KEY))
    found = {one["policy_digest"]: one for one in asked(status, tmp_path / "lake")["policies"]}
    assert (found[digest]["policy"], found[digest]["current"]) == ("internal", True)


def test_the_table_is_a_log(tmp_path: Path) -> None:
    """Nobody changes what was decided; the schema says so to every writer."""
    tables = Tables(str(tmp_path), {TIERS.name: TIERS})
    tables.create()
    assert tables.open(TIERS.name).metadata().configuration["delta.appendOnly"] == "true"
