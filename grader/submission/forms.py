"""What two pieces of code have in common that do the same, however they are typed.

White space, comments, quotes, brackets that change nothing, the words that are printed, ``logs={}`` for ``logs=None``
and ``tf.keras`` for ``keras`` make no difference; any other name, number, sign or text does.
"""

from __future__ import annotations

import ast

from grader.submission import code
from grader.submission.text_cache import cached_up_to

_PRINTED = ("print", "display")


@cached_up_to(5_000_000)
def form_of_code(source: str) -> str:
    """The form of a cell's code; empty for a cell without code."""
    bare = code.bare_code(source)
    tree = code.parse_anew(source) if bare else None
    if tree is None:
        return bare
    try:
        plain = ast.unparse(_Plain().visit(tree))
    except (RecursionError, ValueError):
        return bare
    return "\n".join([plain, *code.magics(source)])


class _Plain(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _PRINTED:
            node.args = [ast.Constant("") if _is_text(argument) else argument for argument in node.args]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr == "keras" and isinstance(node.value, ast.Name) and node.value.id in ("tf", "tensorflow"):
            return ast.Name("keras", node.ctx)
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        self.generic_visit(node)
        node.defaults = [ast.Constant(None) if _is_nothing(default) else default for default in node.defaults]
        return node


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_nothing(node: ast.expr) -> bool:
    """``{}`` or ``dict()``."""
    if isinstance(node, ast.Dict):
        return not node.keys
    is_dict = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict"
    return is_dict and isinstance(node, ast.Call) and not node.args and not node.keywords
