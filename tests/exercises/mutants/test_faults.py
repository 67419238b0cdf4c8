"""The faults that we make ourselves: each in one line, and each changes nothing else."""

import pytest
from exercises.mutants.faults import by_us
from exercises.mutants.ours import FAULTS

HANDLER = """class Answer(Server):
    def __init__(self):
        self.users = {}  # ü

    async def handler(self, ws):
        n = 0
        async for m in ws:
            n += 1
            if m is not None and m == "bye":
                break
            await ws.send(f"{n}: {m}", text=True)
"""


@pytest.mark.parametrize(
    ("fault", "before", "after"),
    [
        ("a statement is gone", "                break", "                pass"),
        ("a branch is always or never taken", 'm is not None and m == "bye"', "True"),
        ("an await is gone", 'await ws.send(f"{n}: {m}", text=True)', "ws.send(f'{n}: {m}', text=True)"),
        ("state is on the class", "self.users = {}", "type(self).users = vars(type(self)).get('users', {})"),
        ("another text", '"bye"', "'byex'"),
        ("a loose comparison", 'm == "bye"', "'bye' in m"),
        ("another assignment", "n += 1", "n = 1"),
        ("truth for None", "m is not None and", "m and"),
        ("only the first round", ", text=True)", ", text=True)\n            break"),
        ("a part is gone", 'm is not None and m == "bye"', "m == 'bye'"),
        ("a part is gone", 'ws.send(f"{n}: {m}", text=True)', "ws.send(text=True)"),
    ],
)
def test_a_fault_in_a_server(fault, before, after):
    codes = [code for name, code in by_us(HANDLER) if name == fault]
    wanted = HANDLER.replace(before, after)
    assert wanted in codes or wanted.replace('f"{n}: {m}"', "f'{n}: {m}'") in codes, "\n".join(codes)


@pytest.mark.parametrize(
    ("fault", "before", "after"),
    [
        ("all exceptions are caught", "try: x()\nexcept (A, B): pass", "try: x()\nexcept Exception: pass"),
        ("all exceptions are caught", "with suppress(A): x()", "with suppress(Exception): x()"),
        ("an exception is not caught", "try: x()\nexcept (A, b.B): y", "try: x()\nexcept (A, ZeroDivisionError): y"),
        ("an exception is not caught", "with suppress(A): x()", "with suppress(ZeroDivisionError): x()"),
        ("only the body of a try or with is left", "try: x()\nfinally: y()", "if True:\n    x()"),
        ("only the body of a try or with is left", "try: x()\nfinally: y()", "if True:\n    x()\n    y()"),
        ("a copy is gone", "for x in list(y): z", "for x in y: z"),
        ("a copy is gone", "for x in y.copy(): z", "for x in y: z"),
        ("a constant for a parameter", "def f(x): return x + y", "def f(x): return 1 + y"),
        ("a constant for an attribute", "f(self.limits.a, b)", "f(1, b)"),
        ("a constant for an attribute", "x > self.a", "x > 1"),
        ("a client's state is on the server", "async def f(self): x = 1; return x",
         "async def f(self): self.x = 1; return self.x"),
    ],
)  # fmt: skip
def test_a_fault_in_some_code(fault, before, after):
    assert after in [code for name, code in by_us(before) if name == fault]


def test_each_fault_is_tried_here():
    marks = (*test_a_fault_in_a_server.pytestmark, *test_a_fault_in_some_code.pytestmark)
    assert {case[0] for mark in marks for case in mark.args[1]} == set(FAULTS)
