"""What must never be in the code that touches data of others: pickles, unsafe YAML, shells, other people's XML."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("anonymizer_udfs", "conf", "jobs", "schemas")
UNPICKLING = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}
XML = {"xml.sax", "xml.dom", "xml.dom.minidom", "lxml"}
"""Parsers that resolve what a file names."""


def trees() -> Iterator[tuple[str, ast.AST]]:
    """Yield each module's name and its syntax tree."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))


def imported(tree: ast.AST) -> set[str]:
    """Return all modules that a tree imports, by their whole names."""
    out = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            out |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            out |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return out


def called(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call with what it calls, as it is written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def found(look: str, tree: ast.AST) -> list[str]:
    """Return what of one kind a tree has that it must not."""
    if look == "unpickling":
        return [name for name in imported(tree) if name.split(".")[0] in UNPICKLING] + [
            name
            for name, call in called(tree)
            if name.endswith(("np.load", "numpy.load"))
            and any(one.arg == "allow_pickle" and ast.unparse(one.value) != "False" for one in call.keywords)
        ]
    if look == "unsafe yaml":
        return [name for name, _ in called(tree) if name in {"yaml.load", "yaml.full_load", "yaml.unsafe_load"}]
    if look == "a shell":
        shells = [
            name
            for name, call in called(tree)
            if any(one.arg == "shell" and ast.unparse(one.value) != "False" for one in call.keywords)
        ]
        return shells + [name for name, _ in called(tree) if name in {"os.system", "os.popen", "subprocess.getoutput"}]
    if look == "code from data":
        return [name for name, _ in called(tree) if name in {"eval", "exec"}]
    return [name for name in imported(tree) if name in XML]


LOOKS = {
    "unpickling": "import pickle",
    "unsafe yaml": "import yaml\nyaml.load(x)",
    "a shell": "import subprocess\nsubprocess.run(x, shell=True)",
    "code from data": "eval(x)",
    "xml that resolves": "from lxml import etree",
}
"""What is looked for, and code that has it."""


@pytest.mark.parametrize("look", LOOKS)
def test_none_of_it_is_in_the_code(look: str) -> None:
    """In none of the four packages; and the look finds it where it is."""
    assert found(look, ast.parse(LOOKS[look]))
    assert {name: there for name, tree in trees() if (there := found(look, tree))} == {}


def test_the_image_runs_as_nobody_in_particular() -> None:
    """Its last ``USER`` is neither root nor 0."""
    lines = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1].split(":")[0] not in {"root", "0"}
