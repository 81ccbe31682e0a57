"""A digest of what code does: comments, docstrings and layout aside, so that answers are kept until that changes."""

import ast
import functools
import hashlib
import inspect
import sys
from collections.abc import Iterable
from types import ModuleType

_ASIDE = ("errors", "family", "records", "models")
"""What is imported everywhere and changes no box."""


@functools.cache
def code_digest(*modules: ModuleType) -> str:
    """Return one digest of the functions, classes and constants of modules, and of those of ours that they use.

    Constants that are made of classes, such as the plans that ship, are left out: whoever uses one describes it by its
    values.
    """
    whole = hashlib.sha256()
    for module in sorted(_used(modules), key=lambda one: one.__name__):
        whole.update(meaning(inspect.getsource(module)).encode())
    return whole.hexdigest()


def _used(modules: Iterable[ModuleType]) -> set[ModuleType]:
    """Return modules and, of our package, all that what is in them comes from."""
    found: set[ModuleType] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        parts = module.__name__.split(".")
        if module in found or parts[0] != "anonymizer_udfs" or parts[1] in _ASIDE:
            continue
        found.add(module)
        for value in vars(module).values():
            name = value.__name__ if isinstance(value, ModuleType) else str(getattr(value, "__module__", ""))
            if name.startswith("anonymizer_udfs.") and name in sys.modules:
                waiting.append(sys.modules[name])
    return found


def meaning(source: str) -> str:
    """Return a module's code without what does not change what it does.

    Examples:
        >>> meaning("A = Plan('a')"), meaning("B = 2  # why"), meaning("def g(): 'Says.'; return 1").split()
        ('', 'B = 2', ['def', 'g():', 'return', '1'])
    """
    kept = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or _plain(node):
            _strip(node)
            kept.append(ast.unparse(node))
    return "\n".join(kept)


def _plain(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    calls = (part.func for part in ast.walk(node.value) if isinstance(part, ast.Call))
    return not any(isinstance(called, ast.Name) and called.id[:1].isupper() for called in calls)


def _strip(tree: ast.AST) -> None:
    """Take docstrings out, in place."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
