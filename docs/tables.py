"""Write ``docs/tables.md`` from ``schemas/``: ``python -m docs.tables`` after a table or a view changed."""

import sys
from pathlib import Path

from docs import marked
from schemas import FACE_COMMENTS, IN_VAULT, READABLE, VIEW_COMMENTS, VIEWS, Column, Table, comments, spoken, views

PAGE = Path(__file__).parent / "tables.md"
_FACE = {field.name: field.type for field in READABLE["images"].arrow().field("faces").type.value_type}


def rows(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    cells = [tuple(cell.replace("|", "\\|") for cell in line) for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *cells))


def table(one: Table) -> str:
    """Return a table as a heading, what its rows are, its columns, and what every writer must hold to."""
    lines = [_line(column, one) for column in one.columns]
    said = [f"### `{one.name}`", "", f"{one.comment}.", ""]
    kept = "rows are never changed or deleted" if one.append_only else "rows may be replaced or erased"
    said += [f"Key: {', '.join(f'`{name}`' for name in one.key)}; {kept}; schema version {one.version}.", ""]
    said += [rows(("column", "type", "what it says"), lines), ""]
    for name, sql in one.constraints:
        said.append(f"- `{name}`: `{sql}`")
    return "\n".join([*said, ""] if one.constraints else said)


def _line(column: Column, one: Table) -> tuple[str, ...]:
    kind = f"`{spoken(column.type)}`" + ("" if column.nullable else ", not null")
    return (f"`{column.name}`", kind, column.comment + (" (below)" if _is_faces(column, one) else ""))


def _is_faces(column: Column, one: Table) -> bool:
    return (one.name, column.name) == ("images", "faces")


def faces() -> str:
    """Return the fields of an element of ``faces``."""
    lines = [(f"`{name}`", f"`{spoken(kind)}`", FACE_COMMENTS[name]) for name, kind in _FACE.items()]
    return "\n".join([rows(("field", "type", "what it says"), lines), ""])


def view(name: str) -> str:
    """Return a view as a heading, what its rows are, its columns and its SQL as Spark has it."""
    lines = [(f"`{column}`", said) for column, said in comments(name).items()]
    head = [f"### `{name}`", "", f"{VIEW_COMMENTS[name]}.", ""]
    return "\n".join(
        [*head, rows(("column", "what it says"), lines), "", f"```sql\n{views('explode', READABLE)[name]}\n```", ""]
    )


def written(text: str) -> str:
    """Return the page's text with its parts as they should be."""
    parts = {
        "lake": "\n".join(map(table, READABLE.values())),
        "faces": faces(),
        "views": "\n".join(map(view, VIEWS)),
        "vault": "\n".join(map(table, IN_VAULT.values())),
    }
    return marked.filled(text, "tables", parts)


def main() -> int:
    """Write the page; return 0."""
    return marked.write(PAGE, written)


if __name__ == "__main__":
    sys.exit(main())
