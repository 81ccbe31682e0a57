"""The examples in the benchmarks' docstrings."""

import doctest
import importlib
import pkgutil

import pytest

from benchmarks import frontiers, recalls

MODULES = sorted(
    f"{package.__name__}.{one.name}"
    for package in (frontiers, recalls)
    for one in pkgutil.iter_modules(package.__path__)
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    """What a docstring shows is what comes out."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    """The modules with numbers that can be checked by hand have some."""
    for name in ("recalls.evidence", "recalls.matching", "recalls.report", "recalls.layout", "frontiers.kept"):
        module = importlib.import_module(f"benchmarks.{name}")
        assert sum(len(one.examples) for one in doctest.DocTestFinder().find(module)) > 0
