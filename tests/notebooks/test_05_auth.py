"""Lesson 05: its cells show what the text around them says, whenever they run."""

import ast
import inspect
import re
import time
from dataclasses import dataclass

import pytest
from notebook_runs import NOTEBOOKS, code_cells, read

from wslearn.servers.auth import AuthServer
from wslearn.tokens import Tokens

CELLS = {cell.id: cell.source for cell in code_cells(read(NOTEBOOKS["05_auth"]))}


async def run(names: dict, *cells: str) -> list[str]:
    """Run cells as a notebook does, with these names, and return the lines that they print."""
    said = []
    names["print"] = lambda *words: said.append(" ".join(map(str, words)))
    for cell in cells:
        code = compile(CELLS[cell], cell, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if inspect.isawaitable(done := eval(code, names)):
            await done
    return said


@dataclass(frozen=True)
class At(Tokens):
    """Issues tokens at this fraction of a second only."""

    fraction: float = 0.0

    def issue(self, user: str, expires: float = 3600) -> str:
        time.sleep((self.fraction - time.time()) % 1)
        return super().issue(user, expires)


@pytest.mark.parametrize("fraction", [0, 0.5, 0.9995])
async def test_a_token_expires_and_is_not_refused_before_whenever_it_is_issued(fraction):
    async with AuthServer() as auth:
        auth.tokens = At("a secret of this test", fraction=fraction)
        names = {"auth": auth}
        await run(names, "imports", "run-listen")
        said = [*await run(names, "expiry-run"), *await run(names, "expiry-again-run")]
    codes = [re.search(r'"code":"([^"]+)"', line)[1] for line in said if '"code"' in line]
    closed = [line for line in said if line.startswith("closed:")]
    assert codes == ["token-expired", "unauthorized"], said
    assert closed == ["closed: 1008 Token expired", "closed: 1008 Invalid token"], said


async def test_a_name_that_leads_here_passes_the_origin_rule_and_not_the_host_rule():
    names: dict = {}
    await run(names, "imports", "breaks-name-server")
    broken = await run(names, "breaks-name-run")
    assert re.fullmatch(r"Origin: http://(evil\.example:\d+)", broken[0])[1] == broken[1].split()[-1]
    assert broken[2].startswith("Mallory's page receives: Dear diary")
    fixed = await run(names, "breaks-name-repaired")
    assert len(fixed) == 2 and fixed[0].startswith("403 Host 'evil.example:")
    assert fixed[1].startswith("its own page receives: Dear diary")
