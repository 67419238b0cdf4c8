"""Lesson 11 without FastAPI: its parts say how to get it, and everything else runs."""

from notebook_runs import NOTEBOOKS, code_cells, fault, kernel, read, text

#: What Python does with these is what it does where they are not installed.
HIDE = "import sys\nsys.modules |= {'fastapi': None, 'uvicorn': None}"


def test_without_fastapi_its_parts_say_how_to_get_it_and_the_rest_runs(tmp_path):
    with kernel(tmp_path) as running:
        running.ask(HIDE)
        cells = [running.run(cell) for cell in code_cells(read(NOTEBOOKS["11_own_project"]))]
    assert [problem for problem in map(fault, cells) if problem] == []
    said = {cell.id: text(cell) for cell in cells}
    assert "pip install fastapi uvicorn" in said["fastapi-import"] and len(said["fastapi-import"].splitlines()) == 1
    for table in ("same-run", "stalled-run", "differ-run"):
        assert "aiohttp" in said[table] and "fastapi" not in said[table]


def test_the_chat_with_plain_websockets_has_about_60_lines_and_nothing_of_ours():
    cells = {cell.id: cell.source for cell in code_cells(read(NOTEBOOKS["11_own_project"]))}
    names = ("run-rules", "run-receive", "run-log-in", "run-present", "run-plain-client", "run-plain")
    code = "\n".join(cells[name] for name in names)
    lines = [line for line in code.splitlines() if line.strip()]
    assert 50 <= len(lines) <= 75 and "wslearn" not in code
