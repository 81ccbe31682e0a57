"""``docs/policies.md`` says what the code does: tiers, weights, sizes and columns."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from anonymizer_udfs.family import parameters
from anonymizer_udfs.policy import Policy
from anonymizer_udfs.risk import LEAST_PX, MOST_PX, YAW_MOST, Risk, Weights
from anonymizer_udfs.steps import STEPS, build, shrink, tones
from conf import policies
from schemas import IMAGES

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
WORDS = " ".join(TEXT.split())
SHIPPED = {name: Policy.from_mapping(policies.load(name)) for name in policies.names()}


def test_tiers_are_those_that_ship() -> None:
    """In their order, from the mildest on."""
    ranks = sorted((one.tier, name) for name, one in SHIPPED.items())
    assert f"Those that ship have {', '.join(f'{name} {tier}' for tier, name in ranks)}" in WORDS


def test_the_example_is_the_shipped_one() -> None:
    """Of the policy that raises images."""
    block = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0])
    assert (block["tier"], Risk.from_mapping(block["risk"])) == (SHIPPED["internal"].tier, SHIPPED["internal"].risk)
    assert Weights() == SHIPPED["internal"].risk.weights  # type: ignore[union-attr]


def test_each_part_has_its_row_and_weight() -> None:
    """As the code has them."""
    rows = re.findall(r"^\| `(\w+)` \| .* \| ([\d.]+) \|$", TEXT, re.MULTILINE)
    assert {name: float(weight) for name, weight in rows} == asdict(Weights())


@pytest.mark.parametrize(
    "said",
    [f"0 up to {LEAST_PX:g} pixels", f"1 from {MOST_PX:g} on", f"0 from a yaw of {YAW_MOST:g} degrees on"],
)
def test_constants_are_the_codes(said: str) -> None:
    """Sizes and angles."""
    assert said in WORDS


def test_who_raises_is_told() -> None:
    """Each shipped policy is named, with what it raises to."""
    weighing = {name: one.risk.to for name, one in SHIPPED.items() if one.risk}
    assert weighing == {"internal": "partner"}
    assert "`internal` raises to `partner`; `partner`, `public` and `research` weigh nothing." in WORDS


def test_columns_are_the_tables() -> None:
    """Every column that the page names is there."""
    names = {column.name for column in IMAGES.columns}
    told = {"risk", "policy", "raised_from", "policy_digest", "reencoded", "steps", "width", "height"}
    assert told <= names
    for name in told:
        assert f"`{name}`" in TEXT


def test_each_step_has_its_row_with_parameters_and_defaults() -> None:
    """As the code has them; the example is valid and takes them all."""
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (none|`[^|]+) \| [^|]+ \|$", TEXT, re.MULTILINE))
    assert rows.keys() == STEPS.keys()
    for name, cls in STEPS.items():
        said = dict(re.findall(r"`(\w+)` (\d+)", rows[name]))
        assert said == {key: str(value) for key, value in parameters(cls()).items()}, name
    block = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1])
    assert {one.name for one in build(block["steps"])} == STEPS.keys()
    assert f"[{shrink.LEAST_PX}, {shrink.MOST_PX}]" in rows["shrink"]
    assert f"[2, {tones.LEVELS_MAX}]" in rows["tones"]


def test_no_policy_that_ships_changes_whole_pictures() -> None:
    """As the page says."""
    assert "No policy that ships does that." in WORDS
    assert not any(one.steps for one in SHIPPED.values())
