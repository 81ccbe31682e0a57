"""The grid: every factor that is asked for, and the headline groups take the cells that they name."""

from benchmarks.recalls import cells, headline
from benchmarks.recalls.cells import Cell

ALL = headline.known()


def test_names_are_unique() -> None:
    """The seed of a cell is made of its name, so no two may share one."""
    made = [*cells.grid(), *cells.empty(), *(cell for cell, _ in cells.extra()), *cells.combinations()]
    assert len({cell.name for cell in made}) == len({cell.seed for cell in made}) == len(made) == len(ALL)


def test_the_grid_has_every_factor() -> None:
    """Heights from 8 to 1,200 pixels, all rolls by 15 degrees, all orientations, and each of the other factors."""
    grid = list(cells.grid())
    by = {factor: [c for c in grid if c.factor == factor] for factor in {c.factor for c in grid}}
    assert [c.heights_px[0] for c in by["height"]][:: len(by["height"]) - 1] == [8, 1200]
    assert [c.roll_deg for c in by["roll"]] == list(range(0, 360, 15))
    assert [c.orientation for c in by["exif"]] == list(range(1, 9))
    assert {c.cut for c in by["border"]} == {(s, p) for s in ("left", "top", "right", "bottom") for p in (0.25, 0.4)}
    assert {c.occlusion for c in by["occlusion"]} == {"sunglasses", "mask", "hand"}
    assert {c.faces for c in by["crowd"]} == {200}
    assert (min(c.fill or 0 for c in by["fill"]), max(c.fill or 0 for c in by["fill"])) == (0.9, 1.3)
    assert max(c.long_side_px or 0 for c in by["scene"]) == 4000
    assert {"dark", "blur", "jpeg", "grey"} <= set(by)


def test_one_factor_at_a_time() -> None:
    """A cell of the grid differs from the plain scene in its factor alone, and in the heights that it takes."""
    plain = Cell("", "")
    for cell in cells.grid():
        if cell.factor in ("height", "crowd", "fill", "scene", "roll-large"):
            continue
        told = [f for f in cell.__dataclass_fields__ if getattr(cell, f) != getattr(plain, f)]
        assert len(set(told) - {"name", "factor"}) <= 1, cell.name


def test_there_are_200_combinations_and_they_are_always_the_same() -> None:
    """Combinations repeat, use every factor, and most change more than one."""
    once, again = list(cells.combinations()), list(cells.combinations())
    assert once == again
    assert len(once) == 200
    plain = Cell("", "")
    for name in (
        "roll_deg",
        "orientation",
        "cut",
        "occlusion",
        "gain",
        "blur",
        "quality",
        "grey",
        "fill",
        "long_side_px",
    ):
        assert any(getattr(cell, name) != getattr(plain, name) for cell in once), name


def test_headline_groups_take_the_cells_that_they_name() -> None:
    """Each group has exactly the cells that its words mean."""
    groups = {g.name: {n for n, c in ALL.items() if g.takes(c)} for g in headline.GROUPS}
    assert groups["upright, 16 to 24 px"] == {"height-0016", "height-0020", "extra-16-24"}
    assert groups["upright, 12 to 24 px"] - groups["upright, 16 to 24 px"] == {
        "height-0012",
        "height-0014",
        "extra-12-16",
    }
    assert groups["upright, 24 px and more"] == {f"height-{h:04d}" for h in cells.HEIGHTS if h >= 24}
    assert groups["any roll, 32 px and more"] == {n for n, c in ALL.items() if c.factor.startswith("roll")}
    assert groups["fills the frame"] == {n for n in ALL if n.startswith("fill-")} | {"extra-fill"}


def test_headline_groups_have_3000_faces() -> None:
    """With 300 faces a cell, and what the extra cells add, no group has fewer faces than a headline figure takes."""
    extra = {cell.name: count for cell, count in cells.extra()}
    for group in headline.GROUPS:
        faces = sum(extra.get(name, 300) for name, cell in ALL.items() if group.takes(cell))
        assert faces >= headline.LEAST_FACES, group.name
