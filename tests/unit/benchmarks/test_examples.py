"""The examples in the benchmark's docstrings."""

import doctest
import importlib
import pkgutil

import pytest

from benchmarks import recalls

MODULES = sorted(one.name for one in pkgutil.iter_modules(recalls.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    """What a docstring shows is what comes out."""
    assert doctest.testmod(importlib.import_module(f"benchmarks.recalls.{name}")).failed == 0


def test_there_are_examples() -> None:
    """The modules with numbers that can be checked by hand have some."""
    for name in ("evidence", "matching", "report", "layout"):
        module = importlib.import_module(f"benchmarks.recalls.{name}")
        assert sum(len(one.examples) for one in doctest.DocTestFinder().find(module)) > 0
