"""The rules that hold the code together, read off its syntax trees and, for imports, off a real process."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("anonymizer_udfs", "conf", "jobs", "schemas")
MAY_IMPORT = {
    "anonymizer_udfs": {"anonymizer_udfs"},
    "conf": {"conf"},
    "schemas": {"schemas"},
    "jobs": set(PACKAGES),
}
LAZY = {"insightface", "onnxruntime", "onnx"}
"""What takes seconds to import, or is not installed everywhere; only inside functions."""

JVM_WORDS = {"_jvm", "_jsc", "_jsparkSession", "_gateway", "sparkContext", "rdd"}
MOST_LINES, MOST_OF_TESTS = 310, 350


def modules(package: str) -> list[Path]:
    """Return the Python files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def where(file: Path) -> str:
    """Return a file's path in the checkout, as a test id."""
    return file.relative_to(ROOT).as_posix()


def tree_of(file: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(file.read_text(encoding="utf-8"), where(file))


def imports(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the top-level names that these nodes import; a relative import counts as none."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def run_on_import(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes that run when a module is imported: not what is inside functions, nor what is for types only."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            types_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if not types_only:
                waiting.append(child)


def catches_only(node: ast.AST) -> bool:
    """Return whether this imports nothing but exceptions of py4j."""
    if not isinstance(node, ast.ImportFrom) or node.module != "py4j.protocol":
        return False
    return all(alias.name.endswith("Error") for alias in node.names)


ALL = [file for package in PACKAGES for file in modules(package)]
WORK = modules("anonymizer_udfs")


def test_reading_imports_sees_both_forms_and_no_functions() -> None:
    """The reader itself: both forms of import count, an import inside a function does not run on import."""
    tree = ast.parse("import a.b\nfrom c.d import e\nfrom . import f\nclass G:\n  import h\ndef i():\n  import j\n")
    assert imports(ast.walk(tree)) == {"a", "c", "h", "j"}
    assert imports(run_on_import(tree)) == {"a", "c", "h"}


@pytest.mark.parametrize("file", ALL, ids=where)
def test_arrows_point_one_way(file: Path) -> None:
    """``jobs`` may import the three others, and those know nothing of each other; nothing imports tests."""
    package = file.relative_to(ROOT).parts[0]
    ours = imports(ast.walk(tree_of(file))) & {*PACKAGES, "tests", "benchmarks"}
    assert ours <= MAY_IMPORT[package], f"{where(file)} imports {sorted(ours - MAY_IMPORT[package])}"


@pytest.mark.parametrize("file", WORK, ids=where)
def test_the_work_knows_neither_spark_nor_mlflow(file: Path) -> None:
    """Spark is at the boundary alone, MLflow and the tables nowhere."""
    found = imports(ast.walk(tree_of(file)))
    allowed = {"pyspark"} if where(file) == "anonymizer_udfs/udfs.py" else set()
    assert not (found & {"pyspark", "py4j", "delta", "mlflow"}) - allowed


@pytest.mark.parametrize("file", WORK, ids=where)
def test_runtimes_are_imported_inside_functions(file: Path) -> None:
    """Importing a module of ``anonymizer_udfs`` starts no inference library."""
    assert not imports(run_on_import(tree_of(file))) & LAZY


@pytest.mark.parametrize("file", [file for file in ALL if where(file) != "jobs/session.py"], ids=where)
def test_the_jvm_is_touched_in_one_file(file: Path) -> None:
    """No ``_jvm``, ``sparkContext`` or RDD outside ``jobs/session.py``: Spark Connect and shared clusters have none.

    Of py4j only exceptions may be named elsewhere: what is caught is not called.
    """
    nodes = list(ast.walk(tree_of(file)))
    assert not {node.attr for node in nodes if isinstance(node, ast.Attribute)} & JVM_WORDS
    assert "py4j" not in imports(node for node in nodes if not catches_only(node))


@pytest.mark.parametrize("file", sorted((ROOT / "tests" / "unit").rglob("*.py")), ids=where)
def test_unit_tests_start_no_spark(file: Path) -> None:
    """A unit test that makes a session is no unit test."""
    names = {node.id for node in ast.walk(tree_of(file)) if isinstance(node, ast.Name)}
    assert "SparkSession" not in names


def tracked() -> list[Path]:
    """Return the files that git tracks or would; all files below the checkout where there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_registry_host_is_named() -> None:
    """Where packages come from is the machine's own setting: a mirror must work without a change here."""
    hosts = [
        "pypi" + ".org",
        "pythonhosted" + ".org",
        "repo1.maven" + ".org",
        "repo.maven" + ".apache.org",
        "npmjs" + ".org",
        "proxy.golang" + ".org",
        "huggingface" + ".co",
    ]
    found = []
    for file in tracked():
        content = file.read_bytes()
        found += [f"{where(file)} names {host}" for host in hosts if host.encode() in content]
    assert found == []


def test_no_python_file_is_long() -> None:
    """A file above 310 lines, or tests above 350, holds more than one thing."""
    python = [file for file in tracked() if file.suffix == ".py"]
    lines = {where(file): len(file.read_text(encoding="utf-8").splitlines()) for file in python}
    most = {name: MOST_OF_TESTS if name.startswith("tests/") else MOST_LINES for name in lines}
    assert {name: count for name, count in lines.items() if count > most[name]} == {}


def named(files: Iterable[Path]) -> list[str]:
    """Return what modules are imported by, but the boundary to Spark."""
    names = [where(file).removesuffix(".py").removesuffix("/__init__").replace("/", ".") for file in files]
    return [name for name in names if name != "anonymizer_udfs.udfs"]


def test_each_module_of_the_work_can_be_the_first() -> None:
    """Whoever imports one alone gets it: no circle of imports waits for another to come first."""
    script = (
        f"import importlib, sys\nfor name in {named(WORK)!r}:\n"
        "    mine = [one for one in sys.modules if one.partition('.')[0] == 'anonymizer_udfs']\n"
        "    for one in mine: del sys.modules[one]\n"
        "    importlib.import_module(name)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_importing_the_work_starts_nothing() -> None:
    """A process that imports every module of ``anonymizer_udfs`` but the boundary has no Spark and no runtime in it."""
    heavy = sorted(LAZY | {"pyspark", "mlflow"})
    script = (
        f"import importlib, sys\nfor name in {named(WORK)!r}: importlib.import_module(name)\n"
        f"print(*[name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == []
