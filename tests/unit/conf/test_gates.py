"""The gates that ship, and what is refused of a gate of one's own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from anonymizer_udfs.attacks import ATTACKERS
from anonymizer_udfs.evidence import least_people, least_without_one
from conf import gates

DEFAULT, STRICT = gates.load("default"), gates.load("strict")


def test_two_gates_ship() -> None:
    """Their names are those of the files, and each says its own."""
    assert gates.names() == ["default", "strict"]
    assert [gates.load(name).name for name in gates.names()] == gates.names()


def test_the_default_is_what_was_promised() -> None:
    """The thresholds of the gate table, as shares."""
    assert DEFAULT.confidence == 0.95
    assert DEFAULT.named_most == pytest.approx(0.001 + 0.005)
    assert DEFAULT.matched_most == pytest.approx(0.001 + 0.005)
    assert (DEFAULT.people_least, DEFAULT.visible_least, DEFAULT.mated_least) == (1049, 2995, 3000)
    assert (DEFAULT.visible_most, DEFAULT.linked_most, DEFAULT.eer_least) == (0.001, 0.01, 0.48)
    assert (DEFAULT.k_least, DEFAULT.group_least, DEFAULT.gallery) == (20, 955, 1000)


def test_strict_asks_for_more_in_every_place_that_counts() -> None:
    """Half the room over chance, bounds of 99%, and nothing less of anything."""
    assert STRICT.milder(DEFAULT) == []
    assert STRICT.confidence == 0.99
    assert STRICT.named_most == pytest.approx(0.001 + 0.0025)
    assert {"confidence", "named_over_chance", "people_least"} <= set(DEFAULT.milder(STRICT))


@pytest.mark.parametrize("gate", [DEFAULT, STRICT], ids=lambda gate: gate.name)
def test_the_least_evidence_can_show_what_is_asked(gate: gates.Gate) -> None:
    """With fewer cases than a gate asks for, no result could pass it; with as many, a good one can."""
    assert gate.people_least >= least_people(1 / gate.gallery, gate.named_over_chance, gate.confidence)
    assert gate.people_least >= least_people(gate.fmr, gate.matched_over_fmr, gate.confidence)
    assert gate.visible_least == least_without_one(gate.visible_most, gate.confidence)


@pytest.mark.parametrize("gate", [DEFAULT, STRICT], ids=lambda gate: gate.name)
def test_every_attacker_of_the_family_must_have_attacked(gate: gates.Gate) -> None:
    """A gate lists each attacker under its own tier, so that none can be left out unseen."""
    listed = {(tier, name) for tier, names in gate.attacks.items() for name in names}
    assert {(member.tier, name) for name, member in ATTACKERS.items()} <= listed


def mine(tmp_path: Path, **changes: Any) -> str:
    """Write the default gate with changes, and return the file."""
    file = tmp_path / "mine.yaml"
    tree = DEFAULT.model_dump(mode="json") | {"name": "mine"} | changes
    file.write_text(yaml.safe_dump({k: v for k, v in tree.items() if v is not None}), encoding="utf-8")
    return str(file)


def test_a_gate_of_ones_own_may_ask_for_more(tmp_path: Path) -> None:
    """It is read from its file."""
    found = gates.load(mine(tmp_path, named_over_chance=0.001, confidence=0.999, k_least=30))
    assert (found.name, found.confidence, found.k_least) == ("mine", 0.999, 30)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"named_over_chance": 0.0051}, "less than default in named_over_chance", id="more-named"),
        pytest.param({"confidence": 0.9}, "confidence", id="less-sure"),
        pytest.param({"people_least": 1048}, "people_least", id="fewer-people"),
        pytest.param({"gallery": 2000}, "gallery", id="another-gallery"),
        pytest.param({"fmr": 0.01}, "fmr", id="another-rate"),
        pytest.param({"attacks": DEFAULT.attacks | {"T2": ["learned_linear"]}}, "attacks.T2", id="an-attacker-less"),
        pytest.param({"attacks": DEFAULT.attacks | {"T2": []}}, "attacks.T2 must name", id="no-attacker"),
        pytest.param({"attacks": {"T0": ["static"]}}, "attacks must have T0, T1", id="no-tiers"),
        pytest.param({"eer_least": 0.6}, "eer_least", id="beyond-chance"),
        pytest.param({"confidence": None}, "confidence: Field required", id="missing"),
        pytest.param({"k_lest": 20}, "k_lest: Extra inputs", id="unknown"),
        pytest.param({"name": "<b>"}, "name: String should match", id="name"),
    ],
)
def test_a_gate_that_cannot_be_is_refused(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    """In one line that names the key; a milder gate would make the words mean less."""
    with pytest.raises(gates.GateError) as caught:
        gates.load(mine(tmp_path, **changes))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("defualt", "did you mean 'default'? known: default, strict", id="misspelt"),
        pytest.param("none.yaml", "unknown gate", id="no-file"),
    ],
)
def test_an_unknown_gate_is_answered_with_the_known_ones(name: str, says: str) -> None:
    """Nothing is judged by a gate that is not there."""
    with pytest.raises(gates.GateError) as caught:
        gates.load(name)
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["a: [", "[]", ""], ids=["broken", "list", "empty"])
def test_a_file_that_is_no_gate_is_refused(text: str, tmp_path: Path) -> None:
    """Whatever it is, the answer is one error."""
    file = tmp_path / "x.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(gates.GateError, match=r"x\.yaml"):
        gates.load(str(file))
