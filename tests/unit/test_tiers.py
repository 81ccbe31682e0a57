"""Data sets with policies of their own: which one counts, and that each image is treated by its own alone."""

import itertools
import pickle
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from anonymizer_udfs.errors import SpecError
from anonymizer_udfs.keys import Key
from anonymizer_udfs.listing import ListPartition
from anonymizer_udfs.methods import Mask, Pixelate
from anonymizer_udfs.policy import KindRule, Policy, public
from anonymizer_udfs.sources.base import SourceSpec
from anonymizer_udfs.sources.patterns import Pattern, normalised
from anonymizer_udfs.spec import Tier, WorkerSpec
from anonymizer_udfs.tiers import Rule, Tiers
from tests.support import specs
from tests.unit.test_pipeline import rows_of, saved, scene

ONE = pa.RecordBatch.from_pydict({"id": [0]})


def rule(typed: str, policy: str, tier: int = 0) -> Rule:
    """Return a rule of a pattern as it is typed."""
    return Rule(Pattern(normalised(typed)), policy, tier)


def test_without_rules_no_image_has_a_policy_of_its_own() -> None:
    """All have the run's."""
    assert Tiers().policy_of("file:///d/a.jpg") is None


def test_the_nearest_pattern_counts_in_whatever_order_they_came() -> None:
    """A folder within a folder goes by its own pattern; who laid it down first says nothing."""
    rules = [rule("/d", "partner"), rule("/d/hr", "public"), rule("/d/hr/open", "internal"), rule("/d/*/x", "research")]
    for some in itertools.permutations(rules):
        tiers = Tiers(some)
        came = [tiers.policy_of(f"file:///{name}") for name in ("d/a", "d/hr/a", "d/hr/open/a", "d/q/x/a", "a")]
        assert came == ["partner", "public", "internal", "research", None]


def test_of_equal_patterns_the_higher_tier_counts() -> None:
    """A tie makes nothing milder, whatever the order."""
    mild, strong = rule("/d/a*", "internal", 20), rule("/d/*a", "public", 40)
    assert Tiers((mild, strong)).policy_of("file:///d/aa") == "public"
    assert Tiers((strong, mild)).policy_of("file:///d/aa") == "public"
    assert Tiers((mild, strong)).policy_of("file:///d/ab") == "internal"


def test_patterns_are_in_no_repr() -> None:
    """Neither rules nor the lister that carries them give a name away in a traceback."""
    tiers = Tiers((rule("/home/jane-doe", "internal"),))
    lister = ListPartition(SourceSpec("s3://bucket"), specs.KEY, tiers)
    assert "jane" not in f"{tiers!r} {tiers.rules[0]!r} {lister!r}"
    assert pickle.loads(pickle.dumps(lister)) == lister  # noqa: S301 - made in this line


def test_the_lister_says_which_policy_an_image_has(tmp_path: Path) -> None:
    """Where the names are known; null stands for the run's, and nothing else of the row changes."""
    for name in ("hr/a.png", "b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(saved(scene()))
    tiers = Tiers((rule(f"{tmp_path}/hr", "partner"),))
    plain, mapped = (
        pa.Table.from_batches(list(ListPartition(SourceSpec(str(tmp_path)), specs.KEY, some)([ONE])))
        for some in (Tiers(), tiers)
    )
    names = [uri.rpartition("/")[2] for uri in mapped["uri"].to_pylist()]
    assert dict(zip(names, mapped["policy"].to_pylist(), strict=True)) == {"a.png": "partner", "b.png": None}
    assert plain["policy"].to_pylist() == [None, None]
    assert plain.drop_columns("policy") == mapped.drop_columns("policy")


@pytest.fixture
def spec(tmp_path: Path) -> WorkerSpec:
    """A mask for the run, and noisy cells for the data set ``mild``."""
    (tmp_path / "models").mkdir()
    return specs.red_dots(tmp_path / "models")


def tiered(spec: WorkerSpec, **changes: object) -> WorkerSpec:
    """Return the spec with a second policy, ``mild``, and a digest of its own."""
    mild = replace(spec.policy, name="mild", face=KindRule((Pixelate(5, 0.1), Mask()), 1.5), **changes)
    return replace(spec, tiers=(Tier(mild, "mild-digest", (("other", "1" * 64),)),))


@pytest.mark.parametrize("rows_per_batch", [1, 100])
def test_each_image_is_treated_by_its_own_policy(tmp_path: Path, spec: WorkerSpec, rows_per_batch: int) -> None:
    """Beside others in one batch it comes out as in a run of its policy alone, and its row says which it was."""
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(4):
        (folder / f"{i}.png").write_bytes(saved(scene(dot=(32 + 8 * i, 24))))
    both, table = tiered(spec), specs.planned(folder)
    mild = replace(both.under("mild"), tiers=())
    mixed = table.set_column(table.schema.get_field_index("policy"), "policy", pa.array([None, "mild", "mild", "dots"]))
    rows = rows_of(mixed.cast(table.schema), both, rows_per_batch)
    expected = [row for one in (spec, mild, mild, spec) for row in [rows_of(table, one)]]
    for i, row in enumerate(rows):
        assert row["output_sha256"] == expected[i][i]["output_sha256"]
    assert [row["policy"] for row in rows] == ["dots", "mild", "mild", "dots"]
    assert [row["policy_digest"] for row in rows] == ["policy", "mild-digest", "mild-digest", "policy"]
    assert [dict(row["model_digests"]).keys() for row in rows] == [{"dots"}, {"other"}, {"other"}, {"dots"}]  # type: ignore[call-overload]
    assert [row["faces"][0]["method"] for row in rows] == ["mask", "pixelate", "pixelate", "mask"]  # type: ignore[index]


def test_each_policy_has_its_own_second_look(tmp_path: Path, spec: WorkerSpec) -> None:
    """One that looks at nothing again costs no look, beside one that does."""
    (tmp_path / "in").mkdir()
    for i in range(2):
        (tmp_path / "in" / f"{i}.png").write_bytes(saved(scene()))
    table = specs.planned(tmp_path / "in")
    mixed = table.set_column(table.schema.get_field_index("policy"), "policy", pa.array(["mild", None]))
    rows = rows_of(mixed.cast(table.schema), tiered(spec, second_look=None))
    assert [row["timings_ms"]["second_look"] > 0 for row in rows] == [False, True]  # type: ignore[index]


def test_an_unknown_policy_stops_the_task(tmp_path: Path, spec: WorkerSpec) -> None:
    """An image is never treated by another policy in place of its own."""
    (tmp_path / "a.png").write_bytes(saved(scene()))
    table = specs.planned(tmp_path / "a.png")
    strange = table.set_column(table.schema.get_field_index("policy"), "policy", pa.array(["gone"]))
    with pytest.raises(SpecError, match="no policy 'gone'"):
        rows_of(strange.cast(table.schema), spec)


def test_policies_of_one_run_differ_in_their_names(spec: WorkerSpec) -> None:
    """Else a row could not say which one it was."""
    with pytest.raises(SpecError, match="differ in their names"):
        replace(spec, tiers=(Tier(spec.policy, "d", ()),))


def test_a_held_back_image_says_its_policy(tmp_path: Path, spec: WorkerSpec) -> None:
    """So that it is not taken again by a run that knows it, and is by one under another policy."""
    (tmp_path / "cut.png").write_bytes(saved(scene())[:-60])
    table = specs.planned(tmp_path / "cut.png")
    mixed = table.set_column(table.schema.get_field_index("policy"), "policy", pa.array(["mild"]))
    (row,) = rows_of(mixed.cast(table.schema), tiered(spec))
    assert (row["status"], row["policy"], row["policy_digest"]) == ("quarantined", "mild", "mild-digest")


def test_a_mapping_s_id_is_keyed() -> None:
    """Who guesses the patterns cannot confirm them without the key."""
    ids = {Key(bytes([i]) * 32).mapping_id(text) for i in range(2) for text in ("a", "b")}
    assert len(ids) == 4
    assert specs.KEY.mapping_id("a") == specs.KEY.mapping_id("a") != specs.KEY.source_id("a")


def test_a_tier_changes_no_image() -> None:
    """Ranking a policy processes nothing again."""
    policy = Policy.from_mapping({**specs_policy(), "tier": 7})
    assert policy.canonical() == Policy.from_mapping(specs_policy()).canonical()
    assert (policy.tier, Policy.from_mapping(policy.to_mapping())) == (7, policy)


@pytest.mark.parametrize("tier", [-1, 100, 1.5, "high", True], ids=str)
def test_a_tier_is_a_rank(tier: object) -> None:
    """A whole number, small enough to be read."""
    with pytest.raises(SpecError, match="tier must be a whole number"):
        Policy.from_mapping({**specs_policy(), "tier": tier})


def specs_policy() -> dict[str, object]:
    """Return the mapping of the default policy without a rank."""
    return {key: value for key, value in public().to_mapping().items() if key != "tier"}
