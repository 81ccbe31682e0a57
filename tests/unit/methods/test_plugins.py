"""Methods of other packages, installed as such packages are: a module and metadata with an entry point."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from anonymizer_udfs.errors import SpecError, UnknownNameError
from anonymizer_udfs.methods import METHODS, Target, build, contract, parameters
from anonymizer_udfs.policy import KindRule
from tests.unit.methods.cases import rng

GOOD = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Stripes:
    """Paint over with stripes."""

    width_px: int = 3
    name: ClassVar[str] = "stripes"

    @property
    def strength(self):
        return (1.0,)

    def apply(self, patch, target, rng):
        out = patch.copy()
        treated = [c for c in range(patch.shape[2]) if c != target.alpha]
        stripes = (np.arange(patch.shape[1]) // self.width_px % 2 * 100 + 50).astype(patch.dtype)
        out[..., treated] = stripes[None, :, None]
        return out
'''
Installs = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installs]:
    """Install a package ``acme-veil`` with a module's text, and an entry point to one of its names."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def made(text: str, points: str) -> None:
        (tmp_path / "acme_veil.py").write_text(text, encoding="utf-8")
        info = tmp_path / "acme_veil-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-veil\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[faceveil.methods]\n{points}\n", encoding="utf-8")

    yield made
    sys.modules.pop("acme_veil", None)


def test_a_policy_names_it_like_one_of_ours(install: Installs) -> None:
    """It is built with its parameters, stands in a chain, and goes to plain values and back."""
    install(GOOD, "stripes = acme_veil:Stripes")
    rule = KindRule.from_mapping({"chain": [{"name": "stripes", "width_px": 2}, "mask"], "region_ratio": 1.5})
    assert (rule.chain[0].name, parameters(rule.chain[0])) == ("stripes", {"width_px": 2})
    assert KindRule.from_mapping(rule.to_mapping()) == rule
    after = rule.chain[0].apply(np.zeros((2, 4, 3), np.uint8), Target((0, 0, 4, 2)), rng())
    assert after[0, :, 0].tolist() == [50, 50, 150, 150]


def test_nothing_is_imported_until_it_is_named(install: Installs) -> None:
    """A package that lies around runs no code in a job that does not ask for it."""
    install("raise RuntimeError('imported')", "stripes = acme_veil:Stripes")
    assert build("mask").name == "mask"
    with pytest.raises(SpecError, match=r"method stripes of acme-veil cannot be imported: RuntimeError: imported"):
        build("stripes")


def test_an_unknown_name_is_answered_with_theirs_too(install: Installs) -> None:
    """A typing error in another package's name finds it."""
    install(GOOD, "stripes = acme_veil:Stripes")
    with pytest.raises(UnknownNameError, match=r"did you mean 'stripes'\? known: .*mask.*stripes"):
        build("stripe")


def test_ours_cannot_be_replaced(install: Installs) -> None:
    """The name of one of ours is ours, whoever else offers it: the mask stays opaque."""
    install(GOOD.replace('"stripes"', '"mask"'), "mask = acme_veil:Stripes")
    assert type(build("mask")) is METHODS["mask"]


def test_its_name_must_be_the_entry_point_s(install: Installs) -> None:
    """A record that names another method than the policy would be a wrong record."""
    install(GOOD, "bars = acme_veil:Stripes")
    with pytest.raises(SpecError, match="must be a class whose name is 'bars'"):
        build("bars")


@pytest.mark.parametrize(
    ("find", "put", "says"),
    [
        pytest.param("out = patch.copy()", "out = patch", "read-only|changes its input", id="writes-into-its-input"),
        pytest.param("(1.0,)", "1.0", "strength must be a tuple of finite numbers, got 1.0", id="strength"),
        pytest.param("return out", "return out[:-1]", r"gives back uint8 \(22, 31, 1\)", id="shape"),
        pytest.param("return out", "return out.astype(np.float32)", "gives back float32", id="type"),
        pytest.param("if c != target.alpha", "", "changes alpha", id="alpha"),
        pytest.param("out[...", "out[:-3, :][...", "leaves rows or columns", id="last-rows"),
        pytest.param("return out", "return out + np.uint8(np.random.randint(9))", "two results", id="own-randomness"),
        pytest.param("return out", "raise KeyError(1)", "it raises KeyError: 1", id="raises"),
        pytest.param("(frozen=True)", "", "frozen dataclass", id="not-frozen"),
        pytest.param("width_px: int = 3", "width_px: object = np", "JSON can hold", id="parameters"),
    ],
)
def test_what_breaks_the_contract_is_refused(install: Installs, find: str, put: str, says: str) -> None:
    """Before a run, with what it does wrong."""
    assert find in GOOD
    install(GOOD.replace(find, put), "stripes = acme_veil:Stripes")
    with pytest.raises(SpecError, match=f"method stripes cannot be used: .*({says})"):
        build("stripes")


@pytest.mark.parametrize("name", METHODS)
def test_ours_keep_to_it(name: str) -> None:
    """Nothing is asked of others that ours do not do."""
    contract.check(METHODS[name]())
