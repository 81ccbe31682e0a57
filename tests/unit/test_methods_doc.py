"""What ``docs/methods.md`` says is so: every method, every parameter with its default and its range."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from anonymizer_udfs import methods
from anonymizer_udfs.errors import FaceveilError
from anonymizer_udfs.methods import METHODS, parts
from anonymizer_udfs.policy import Policy
from conf import policies
from docs import drawn, stand_in

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "methods.md").read_text(encoding="utf-8")


def table(after: str) -> list[list[str]]:
    """Return the cells of the first table after a line, without its head; an empty first cell is the one above."""
    lines = [line for line in TEXT.partition(f"{after}\n")[2].partition("\n## ")[0].splitlines() if line[:2] == "| "]
    lines = [line for line in lines[1:] if not line.startswith("| ---")]
    rows: list[list[str]] = []
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        rows.append([cells[0].strip() or rows[-1][0], *cells[1:]])
    return rows


PARAMETERS = {(row[0].strip("`"), row[1].strip("`")): row[2:4] for row in table("## Parameters")}


def test_every_method_has_its_row() -> None:
    """The table of what they do names all of them."""
    assert {row[0].strip("`") for row in table("# Methods")} == set(METHODS)


def test_every_parameter_has_its_row() -> None:
    """No more, and no less, than the code has."""
    assert set(PARAMETERS) == {(name, key) for name in METHODS for key in methods.parameters(methods.build(name))}


@pytest.mark.parametrize(("method", "parameter"), PARAMETERS)
def test_defaults_and_ranges_are_those_of_the_code(method: str, parameter: str) -> None:
    """The default is the code's, to two digits; what is in the range is taken, and what is beyond it refused."""
    said, default = PARAMETERS[method, parameter]
    of_code = methods.parameters(methods.build(method))[parameter]
    if not isinstance(of_code, int | float):
        said_default = yaml.safe_load(default.strip("`"))
        assert methods.build({"name": method, parameter: said_default}) == methods.build(method)
        for choice in re.findall(r"`(\w+)`", said):
            methods.build({"name": method, parameter: choice})
        return
    assert float(default) == pytest.approx(of_code, rel=0.03)
    low, high = (float(number.replace(",", "")) for number in said.split(" to "))
    kind = int if isinstance(of_code, int) else float
    for value in (low, high):
        methods.build({"name": method, parameter: kind(value)})
    for value in (low - 1, high + 1):
        with pytest.raises(FaceveilError, match=parameter):
            methods.build({"name": method, parameter: kind(value)})


def test_parts_are_those_of_the_code() -> None:
    """In the same order, with what the similarity drops by without each."""
    rows = table("## Parts of a face")
    assert {row[0].strip("`"): float(row[2]) for row in rows} == parts.DROPS
    assert [row[0].strip("`") for row in rows] == list(parts.DROPS)


def test_the_picture_of_what_is_drawn_is_as_the_code_draws_it() -> None:
    """The page has it, it is small, and what ``python -m docs.drawn`` would write now looks the same; run it if not."""
    assert f"](images/{drawn.OUT.name})" in TEXT
    assert drawn.OUT.stat().st_size < 300_000
    shown, made = (
        np.asarray(Image.open(io.BytesIO(file)), np.int16) for file in (drawn.OUT.read_bytes(), drawn.sheet())
    )
    assert shown.shape == made.shape
    assert np.abs(shown - made).mean() < 0.1


def test_the_picture_of_surrogates_is_as_the_code_makes_it() -> None:
    """The page has it, it is small, and ``python -m docs.stand_in`` would write one that looks the same."""
    assert f"](images/{stand_in.OUT.name})" in TEXT
    assert stand_in.OUT.stat().st_size < 300_000
    shown, made = (
        np.asarray(Image.open(io.BytesIO(file)).convert("RGB"), np.int16)
        for file in (stand_in.OUT.read_bytes(), stand_in.sheet())
    )
    assert shown.shape == made.shape
    assert np.abs(shown - made).mean() < 1


def test_no_policy_that_ships_uses_what_was_not_measured() -> None:
    """A method in a policy that ships is one for somebody."""
    unmeasured = {row[0].strip("`") for row in table("# Methods") if row[4].startswith(("nobody", "no policy"))}
    assert unmeasured
    for name in policies.names():
        policy = Policy.from_mapping(policies.load(name))
        assert not unmeasured & {method.name for kind in ("face", "plate") for method in policy.rule(kind).chain}
