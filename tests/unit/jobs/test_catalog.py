"""How a lake is made known to a catalog: names in three parts, comments, and what belongs to it."""

import re

from jobs import catalog
from schemas import READABLE, VIEWS, comments

PLACES = {name: f"s3a://bucket/lake/{name}" for name in READABLE}


def test_of_a_lake_without_tables_only_views_are_told() -> None:
    """Tables that are not there are left out; whoever calls has made those that views need."""
    assert all(one.startswith("CREATE OR REPLACE VIEW main.photos.") for one in catalog.statements("main.photos", {}))


def test_each_table_and_view_is_told_once_by_its_three_parts() -> None:
    """And each view reads the table by its three parts, whatever schema a session is in."""
    told = catalog.statements("main.photos", PLACES)
    assert [re.findall(r"main\.photos\.(\w+)", one)[0] for one in told] == [*READABLE, *VIEWS]
    made = dict(zip(VIEWS, told[len(READABLE) :], strict=True))
    tables = {name: re.findall(r"(?:FROM|JOIN) ([\w.]*\w)", sql) for name, sql in made.items()}
    both = ["main.photos.released", "main.photos.releases"]
    assert tables == {name: ["main.photos.images"] for name in VIEWS} | {"holdings": both}


def test_a_view_is_told_where_its_tables_are() -> None:
    """A lake that nothing went out of has no view over its releases, which Spark would refuse to make."""
    told = catalog.statements("main.photos", {name: PLACES[name] for name in ("images", "runs", "releases")})
    assert not any("holdings" in one for one in told)
    assert any(".faces " in one for one in told)


def test_each_column_of_a_view_has_its_comment() -> None:
    """Escaped as Spark's SQL asks for it."""
    (faces,) = [one for one in catalog.statements("c.s", {}) if " c.s.faces " in one]
    assert faces.count(" COMMENT ") == len(comments("faces")) + 1
    assert "source\\'s URI" in faces


def test_a_place_with_a_quote_stays_one_word() -> None:
    """No path ends the statement early."""
    (told, *_) = catalog.statements("c.s", {"images": "/data/o'neill\\x/images"})
    assert told.endswith("LOCATION '/data/o\\'neill\\\\x/images'")
