"""Who is on which photo: a file that the archive's owner has, read on the driver alone.

Names of people and of files go no further than this: people become keyed ids, and files the ids that the lake knows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError

from anonymizer_udfs.keys import Key
from anonymizer_udfs.sources import canonical
from jobs import stores
from jobs.errors import UsageError

PERSON = ("person", "label")
WHERE = ("image_id", "path", "uri")
_EXPECTED = "expected a CSV or Parquet file, or a Delta table, with a column person, and one of image_id, path and uri"


@dataclass(frozen=True)
class Labelled:
    """Whom one image shows.

    Attributes:
        image_id: the image.
        person: keyed id of the person.
        groups: what else the file says of the person, by column.
        answer: what models are trained to tell of the image.
    """

    image_id: str
    person: str
    groups: tuple[tuple[str, str], ...] = ()
    answer: str | None = None


@dataclass(frozen=True)
class Labels:
    """What a file of labels said.

    Attributes:
        rows: whom images show; hidden from ``repr``.
        unknown: lines whose image is not in the lake.
        columns: names of the further columns.
    """

    rows: tuple[Labelled, ...] = field(repr=False)
    unknown: int
    columns: tuple[str, ...] = ()


def read(
    file: Path, key: Key, names: Callable[[], Mapping[str, str]], groups: Iterable[str] = (), answer: str | None = None
) -> Labels:
    """Return what a file says.

    Args:
        file: CSV, Parquet by its ending, or the folder of a Delta table. ``path`` is relative to the source, or any
            end of a source's URI.
        key: of the lake.
        names: gives image id to canonical URI of the lake's sources, from its vault; asked where the file has paths.
        groups: the further columns that are wanted. Others are never looked at: their values would come into figures.
        answer: a column whose values models are trained to tell; they come into no figure.

    Raises:
        UsageError: it cannot be read, lacks a column, or names an image in two ways.
    """
    table = _table(file)
    where = next((name for name in WHERE if name in table.column_names), None)
    person = next((name for name in PERSON if name in table.column_names), None)
    if where is None or person is None:
        raise UsageError(f"--labels has the columns {', '.join(table.column_names)}: {_EXPECTED}")
    more = list(dict.fromkeys(groups))
    asked = [*more, *([answer] if answer else [])]
    if missing := [name for name in asked if name not in table.column_names]:
        raise UsageError(f"--labels has no column {', '.join(missing)}; it has {', '.join(table.column_names)}")
    lines = list(_lines(table, [where, person, *asked]))
    ids = _ids([line[0] for line in lines], where, key, names)
    rows: dict[str, Labelled] = {}
    for line in lines:
        image_id = ids.get(line[0])
        if image_id is None:
            continue
        values = dict(zip(asked, line[2:], strict=True))
        told = tuple((name, values[name]) for name in more if values[name])
        one = Labelled(image_id, key.source_id(f"label:{line[1]}"), told, values[answer] or None if answer else None)
        if rows.setdefault(image_id, one) != one:
            raise UsageError("--labels says two things of one image: give one line for each")
    return Labels(tuple(rows.values()), sum(line[0] not in ids for line in lines), tuple(more))


def _table(file: Path) -> pa.Table:
    try:
        if (file / "_delta_log").is_dir():
            found = QueryBuilder().register("labels", DeltaTable(str(file))).execute("SELECT * FROM labels")
            return pa.table(found.read_all())
        if file.suffix == ".parquet":
            return pa.parquet.read_table(file)
        with file.open("rb") as opened:
            header = pa.csv.open_csv(opened).schema.names
        texts = pa.csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()))
        return pa.csv.read_csv(file, convert_options=texts)
    except (OSError, DeltaError, pa.ArrowException) as error:
        why = stores.why(error)
        raise UsageError(f"--labels cannot be read: {why}; {_EXPECTED}") from error


def _lines(table: pa.Table, columns: list[str]) -> Iterator[list[str]]:
    """Yield lines as text, without those that lack an image or a person."""
    parts = [["" if value is None else str(value) for value in table.column(name).to_pylist()] for name in columns]
    yield from (list(line) for line in zip(*parts, strict=True) if line[0] and line[1])


def _ids(said: list[str], where: str, key: Key, names: Callable[[], Mapping[str, str]]) -> dict[str, str]:
    """Return the image's id for each name that the lake knows."""
    if where == "image_id":
        return {one: one for one in said}
    if where == "uri":
        return {one: key.image_id(canonical(one)) for one in said}
    wanted = {one.strip("/") for one in said}
    found: dict[str, str] = {}
    for image_id, uri in names().items():
        for end in _ends(uri):
            if end in wanted and found.setdefault(end, image_id) != image_id:
                raise UsageError("--labels: a path fits two images of the lake; give more of it, or image_id")
    return {one: found[one.strip("/")] for one in said if one.strip("/") in found}


def _ends(uri: str) -> Iterator[str]:
    """Yield all ends of a URI that begin after a slash, or after the ``!`` of an archive.

    Examples:
        >>> list(_ends("file:///a/b.tar!c/d.jpg"))
        ['/a/b.tar!c/d.jpg', 'a/b.tar!c/d.jpg', 'b.tar!c/d.jpg', 'c/d.jpg', 'd.jpg']
    """
    at = uri.find("//") + 1
    for i in range(max(at, 0), len(uri)):
        if uri[i] in "/!":
            yield uri[i + 1 :]
