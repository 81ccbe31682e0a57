"""A digest of what code does: comments, docstrings and layout aside, so that answers are kept until that changes."""

import ast
import functools
import hashlib
import inspect
from types import ModuleType


@functools.cache
def code_digest(*modules: ModuleType) -> str:
    """Return one digest of the functions, classes and plain constants of modules.

    Constants that are made by calls or as tables, such as the plans that ship, are left out: whoever uses one describes
    it by its values.
    """
    whole = hashlib.sha256()
    for module in modules:
        whole.update(meaning(inspect.getsource(module)).encode())
    return whole.hexdigest()


def meaning(source: str) -> str:
    """Return a module's code without what does not change what it does.

    Examples:
        >>> meaning("A = f()"), meaning("B = 2  # why"), meaning("def g(): 'Says.'; return 1").split()
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
    return not any(isinstance(part, ast.Call | ast.Dict) for part in ast.walk(node.value))


def _strip(tree: ast.AST) -> None:
    """Take docstrings out, in place."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
