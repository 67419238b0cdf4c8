"""Each lesson becomes slides: `jupyter nbconvert --to slides`, with the instructor's notes beside them."""

import re

import pytest
from nbconvert import SlidesExporter
from notebook_runs import NOTEBOOKS, code_cells, read

LESSONS = [name for name in NOTEBOOKS if not name.startswith("00")]


@pytest.mark.parametrize("name", LESSONS)
def test_slides(name):
    notebook = read(NOTEBOOKS[name])
    page, _ = SlidesExporter().from_notebook_node(notebook)
    kinds = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in notebook.cells]
    # A slide is a section around the section of each of its subslides.
    assert len(re.findall(r"<section>\s*<section>", page)) == kinds.count("slide")
    assert len(re.findall(r"<section>", page)) == 2 * kinds.count("slide") + kinds.count("subslide")
    assert len(re.findall(r'<aside class="notes">', page)) == kinds.count("notes") >= 6
    assert page.count("Instructor:") == kinds.count("notes")
    skipped = sum(cell.metadata.get("slideshow", {}).get("slide_type") == "skip" for cell in code_cells(notebook))
    assert page.count("jp-CodeCell jp-Notebook-cell") == len(code_cells(notebook)) - skipped
