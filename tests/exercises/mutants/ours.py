"""The faults that cosmic-ray lacks. Each function yields what may be changed about one node of a solution's tree."""

import ast
from collections.abc import Callable, Iterator
from textwrap import indent

#: Nodes of a source, and what comes in their place.
Change = list[tuple[ast.AST, str]]
#: An exception that no solution meets.
UNHEARD_OF = "ZeroDivisionError"


def _statement_gone(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.stmt) and not isinstance(node, ast.ClassDef | ast.Import | ast.ImportFrom | ast.Pass):
        yield [(node, "pass")]


def _only_its_body(node: ast.AST) -> Iterator[Change]:
    """A `try` without its `except` or `finally`, a `with` without its limit: the body stays."""
    if isinstance(node, ast.Try | ast.With | ast.AsyncWith):
        body = "\n".join(map(ast.unparse, node.body))
        yield [(node, f"if True:\n{indent(body, ' ' * (node.col_offset + 4))}")]
    if isinstance(node, ast.Try) and node.finalbody and not node.handlers:
        after = "\n".join(map(ast.unparse, [*node.body, *node.finalbody]))
        yield [(node, f"if True:\n{indent(after, ' ' * (node.col_offset + 4))}")]  # not when the client vanishes


def _branch(node: ast.AST) -> Iterator[Change]:
    tests = [node.test] if isinstance(node, ast.If | ast.IfExp | ast.While) else []
    tests += node.ifs if isinstance(node, ast.comprehension) else []
    for test in tests:
        yield from ([(test, value)] for value in ("True", "False"))


def _catch_all(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        yield from ([(node.type, name)] for name in ("Exception", "BaseException"))
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "suppress":
        yield [(node, "suppress(Exception)")]


def _exception_gone(node: ast.AST) -> Iterator[Change]:
    """cosmic-ray has the same, but fails with a dotted name."""
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        names = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        yield from ([(name, UNHEARD_OF)] for name in names)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "suppress":
        yield from ([(name, UNHEARD_OF)] for name in node.args)


def _await_gone(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Await):
        yield [(node, ast.unparse(node.value))]


def _copy_gone(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("list", "set", "tuple", "dict", "sorted", "bytes"):
        yield from ([(node, ast.unparse(argument))] for argument in node.args[:1])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "copy":
        yield [(node, ast.unparse(node.func.value))]


def _on_the_class(node: ast.AST) -> Iterator[Change]:
    """State of the class in place of the instance: what one server has, all have."""
    for made in node.body if isinstance(node, ast.FunctionDef) and node.name == "__init__" else ():
        targets = made.targets if isinstance(made, ast.Assign) else []
        if len(targets) == 1 and isinstance(targets[0], ast.Attribute):
            name, value = targets[0].attr, ast.unparse(made.value)
            yield [(made, f"type(self).{name} = vars(type(self)).get({name!r}, {value})")]
    if isinstance(node, ast.AsyncFunctionDef):
        for made in ast.walk(node):
            if isinstance(made, ast.Attribute) and isinstance(made.ctx, ast.Store):
                yield [(made.value, "type(self)")]


def _on_the_server(node: ast.AST) -> Iterator[Change]:
    """State of the server in place of one client's variable: what one client sets, all have."""
    if isinstance(node, ast.AsyncFunctionDef) and node.args.args[0].arg == "self":
        made = {target.id for assign in ast.walk(node) if isinstance(assign, ast.Assign)
                for target in assign.targets if isinstance(target, ast.Name)}  # fmt: skip
        for name in sorted(made):
            uses = [use for use in ast.walk(node) if isinstance(use, ast.Name) and use.id == name]
            yield [(use, f"self.{name}") for use in uses]


def _constant_for_parameter(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        parameters = {argument.arg for argument in node.args.args} - {"self", "ws"}
        for use in ast.walk(node):
            if isinstance(use, ast.Name) and use.id in parameters and isinstance(use.ctx, ast.Load):
                yield [(use, "1")]


def _constant_for_attribute(node: ast.AST) -> Iterator[Change]:
    operands = getattr(node, "args", None) or [getattr(node, name, None) for name in ("left", "right")]
    operands = [*operands, *getattr(node, "comparators", ())] if isinstance(operands, list) else []
    for operand in operands:
        if isinstance(operand, ast.Attribute) and ast.unparse(operand).startswith("self."):
            yield [(operand, "1")]


def _text(node: ast.AST) -> Iterator[Change]:
    """Another text. Those inside an f-string have no place of their own before Python 3.12."""
    for child in ast.iter_child_nodes(node) if not isinstance(node, ast.JoinedStr) else ():
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield [(child, repr(f"{child.value}x"))]


def _loose_comparison(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq) and len(node.ops) == 1:
        left, right = ast.unparse(node.left), ast.unparse(node.comparators[0])
        for text in ("{0} in {1}", "{1} in {0}", "{0}.startswith({1})", "{0}.strip() == {1}", "{0}.lower() == {1}"):
            yield [(node, text.format(left, right))]


def _assignment(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.AugAssign):
        operator = {ast.Add: "-=", ast.Sub: "+="}[type(node.op)]
        target, value = ast.unparse(node.target), ast.unparse(node.value)
        yield [(node, f"{target} {operator} {value}")]
        yield [(node, f"{target} = {value}")]


def _truth_for_none(node: ast.AST) -> Iterator[Change]:
    """`if x` for `if x is not None`: what is falsy is lost."""
    if isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "None":
        left = ast.unparse(node.left)
        yield [(node, left if isinstance(node.ops[0], ast.IsNot) else f"not {left}")]


def _first_round_only(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.For | ast.AsyncFor | ast.While):
        last = node.body[-1]
        yield [(last, f"{ast.unparse(last)}\nbreak".replace("\n", "\n" + " " * last.col_offset))]


def _member_gone(node: ast.AST) -> Iterator[Change]:
    """One operand of `and` and `or`, one argument of a call, gone."""
    if isinstance(node, ast.BoolOp):
        yield from ([(node, ast.unparse(value))] for value in node.values)
    if isinstance(node, ast.Call) and len(node.args) + len(node.keywords) > 1:
        for gone in [*node.args, *node.keywords]:
            args = [ast.unparse(one) for one in (*node.args, *node.keywords) if one is not gone]
            yield [(node, f"{ast.unparse(node.func)}({', '.join(args)})")]


FAULTS: dict[str, Callable[[ast.AST], Iterator[Change]]] = {
    "a statement is gone": _statement_gone,
    "only the body of a try or with is left": _only_its_body,
    "a branch is always or never taken": _branch,
    "all exceptions are caught": _catch_all,
    "an exception is not caught": _exception_gone,
    "an await is gone": _await_gone,
    "a copy is gone": _copy_gone,
    "state is on the class": _on_the_class,
    "a client's state is on the server": _on_the_server,
    "a constant for a parameter": _constant_for_parameter,
    "a constant for an attribute": _constant_for_attribute,
    "another text": _text,
    "a loose comparison": _loose_comparison,
    "another assignment": _assignment,
    "truth for None": _truth_for_none,
    "only the first round": _first_round_only,
    "a part is gone": _member_gone,
}
