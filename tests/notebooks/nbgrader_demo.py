"""Grade lesson 02 with nbgrader itself: three students hand in, and their points are printed.

    uv run --extra test --with nbgrader python tests/notebooks/nbgrader_demo.py

nbgrader is no dependency of wslearn, so this is a script and no test; its exit code is 1 where the points are not
what they should be. Each stub becomes a cell to be filled in, each check a locked cell that is graded: one point.
"""

import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.utils import is_grade
from traitlets.config import Config

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))
from wslearn.exercises import echo  # noqa: E402

LESSON, ASSIGNMENT = "02_echo", "lesson-02"
#: What a wrong answer is, whatever the task: a server that only echoes, and a function that only returns.
WRONG = {
    "class": "class {}(Server):\n    async def handler(self, ws):\n        async for m in ws: await ws.send(m)",
    "def": "def {}(frame):\n    return frame",
}
STUDENTS = ("right", "untouched", "wrong")


def assignment(notebook: nbformat.NotebookNode) -> int:
    """Make an assignment of a lesson, and return how many points there are."""
    points = 0
    for cell in notebook.cells:
        role = cell.id.rpartition("-")[2]
        if role not in ("stub", "check"):
            continue
        cell.metadata["nbgrader"] = {
            "schema_version": 3, "grade_id": cell.id, "task": False,
            "grade": role == "check", "solution": role == "stub", "locked": role == "check",
        }  # fmt: skip
        if role == "check":
            # The one change: the result is what an AssertionError says.
            cell.source = f"assert (result := {cell.source}), result"
            cell.metadata["nbgrader"]["points"] = 1
            points += 1
        else:  # nbgrader puts its own NotImplementedError between the marks, and would else clear the whole cell
            marked = r"\1### BEGIN SOLUTION\n\1raise NotImplementedError\n\1### END SOLUTION"
            cell.source = re.sub(r"^( +)raise NotImplementedError.*$", marked, cell.source, flags=re.MULTILINE)
    return points


def answer(student: str, cell: nbformat.NotebookNode) -> str:
    """Return what a student writes into the stub `cell`."""
    if student == "untouched":
        return cell.source
    name = cell.id.removeprefix("make-").removesuffix("-stub")
    kind, made = re.findall(r"^(class|def) (\w+)", cell.source, re.MULTILINE)[-1]
    begin = re.split(rf"^{kind} {made}\b", cell.source, flags=re.MULTILINE)[0]  # what the task gives
    return begin + (getattr(echo, name).answer if student == "right" else WRONG[kind].format(made))


def main() -> int:
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        notebook = nbformat.read(ROOT / "notebooks" / f"{LESSON}.ipynb", as_version=4)
        points = assignment(notebook)
        source = Path("source", ASSIGNMENT)
        source.mkdir(parents=True)
        nbformat.write(notebook, source / f"{LESSON}.ipynb")
        config = Config()
        config.CourseDirectory.root = folder
        config.CourseDirectory.course_id = "wslearn"
        config.ExecutePreprocessor.timeout = 60
        api = NbGraderAPI(config=config)
        report(api.generate_assignment(ASSIGNMENT))
        for student in STUDENTS:
            released = nbformat.read(Path("release", ASSIGNMENT, f"{LESSON}.ipynb"), as_version=4)
            for cell in released.cells:
                if cell.metadata.get("nbgrader", {}).get("solution"):
                    cell.source = answer(student, cell)
            handed_in = Path("submitted", student, ASSIGNMENT)
            handed_in.mkdir(parents=True)
            nbformat.write(released, handed_in / f"{LESSON}.ipynb")
            report(api.autograde(ASSIGNMENT, student))
        with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
            scores = {student: gradebook.find_submission(ASSIGNMENT, student).score for student in STUDENTS}
        graded = nbformat.read(Path("autograded", "wrong", ASSIGNMENT, f"{LESSON}.ipynb"), as_version=4)
    for student, score in scores.items():
        print(f"{student:>9}: {score:g} of {points} points")
    said = [output.evalue for cell in graded.cells if is_grade(cell) for output in cell.outputs]
    print("What the wrong one reads in the first task:", *said[0].splitlines()[:2], sep="\n  ")
    return int(scores != {"right": points, "untouched": 0, "wrong": 0})


def report(done: dict) -> None:
    """Stop with nbgrader's own words where it failed."""
    if not done["success"]:
        sys.exit(done.get("log") or done.get("error"))


if __name__ == "__main__":
    sys.exit(main())
