"""Schemas, kept by hand, of what the files in ``examples/`` use of other people's formats; each names its source.

They are strict: a key that is not in them is refused, so that a misspelt one is found; a further one is added with a
look at the source.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).parent


def problems(name: str, document: Any) -> list[str]:
    """Return what is wrong with a document by the schema of a name: where, and why."""
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    return [f"{one.json_path}: {one.message}" for one in validator.iter_errors(document)]
