"""Small faults, put into an exercise's solution one at a time: by the library cosmic-ray, and what it lacks, from here.

Our own, those of ours.py, replace pieces of the source, found by `ast`: what is left looks as the author wrote it.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import ndiff

from exercises.mutants.ours import FAULTS

#: cosmic-ray would try all others for each operator. Two say as much: a near one, and one of another kind.
BINARY = {
    "Add": ("Sub", "Mul"), "Sub": ("Add", "Mul"), "Mul": ("Div", "Add"), "Div": ("Mul", "FloorDiv"),
    "FloorDiv": ("Div", "Mul"), "Mod": ("FloorDiv",), "BitXor": ("BitOr", "BitAnd"), "BitOr": ("BitAnd",),
}  # fmt: skip
COMPARISONS = {
    "Eq": ("NotEq", "Is"), "NotEq": ("Eq", "IsNot"), "Is": ("IsNot",), "IsNot": ("Is",),
    "Lt": ("LtE", "GtE"), "LtE": ("Lt", "Gt"), "Gt": ("GtE", "LtE"), "GtE": ("Gt", "Lt"),
}  # fmt: skip
#: A loop over nothing is a fault; an asynchronous one is just an error.
ERROR = re.compile(r"async for \w+ in \[\]")


@dataclass(frozen=True)
class Mutant:
    """A solution with one fault: the fault's name, and the whole code."""

    fault: str
    code: str

    def change(self, original: str) -> str:
        """Return the lines that differ from the original: `- before`, `+ after`."""
        lines = ndiff(original.splitlines(), self.code.splitlines())
        return "\n".join(" ".join(line.split()) for line in lines if line[0] in "-+")

    def key(self, original: str) -> tuple[str, str]:
        """Return the first line that is gone, and the first in its place; each may be empty."""
        changes = self.change(original).splitlines()
        gone, new = (next((line[2:] for line in changes if line[0] == sign), "") for sign in "-+")
        return gone, new


def mutants(source: str) -> list[Mutant]:
    """Return a solution with each fault, without those that Python itself refuses or warns about, and each once."""
    seen, found = {_tree(source)}, []
    for fault, code in [*_by_cosmic_ray(source), *by_us(source)]:
        tree = _tree(code)
        if tree not in seen:
            seen.add(tree)
            found.append(Mutant(fault, code))
    return [mutant for mutant in found if _compiles(mutant.code)]


def _tree(code: str) -> str:
    try:
        return ast.dump(ast.parse(code))
    except SyntaxError:
        return code


def _compiles(code: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(code, "<a mutant>", "exec")
        except SyntaxError:  # also what was a warning
            return False
    return True


def _by_cosmic_ray(source: str) -> Iterator[tuple[str, str]]:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.operators.provider import OperatorProvider

    names = [f"ReplaceBinaryOperator_{one}_{other}" for one, others in BINARY.items() for other in others]
    names += [f"ReplaceComparisonOperator_{one}_{other}" for one, others in COMPARISONS.items() for other in others]
    names += ["ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_USub_UAdd", "AddNot", "NumberReplacer"]
    names += ["ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"]
    names += ["ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"]
    for name in names:
        operator, occurrence = OperatorProvider()[name](), 0
        while (code := mutate_code(source, operator, occurrence)) is not None:
            if not ERROR.search(code):
                yield name, code
            occurrence += 1


def by_us(source: str) -> Iterator[tuple[str, str]]:
    """Yield each fault of our own, and a source that has it."""
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    data, tree = source.encode(), ast.parse(source)

    def start(node: ast.AST) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def end(node: ast.AST) -> int:
        return starts[node.end_lineno - 1] + node.end_col_offset

    for fault, find in FAULTS.items():
        for parent in ast.walk(tree):
            for change in find(parent):
                code = data
                for node, text in sorted(change, key=lambda one: start(one[0]), reverse=True):
                    code = code[: start(node)] + text.encode() + code[end(node) :]
                yield fault, code.decode()
