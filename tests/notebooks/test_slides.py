"""Each lesson becomes slides: `jupyter nbconvert --to slides`, with the instructor's notes beside them."""

import json
import re

import pytest
from nbconvert import SlidesExporter
from notebook_runs import NOTEBOOKS, ROOT, code_cells, read
from traitlets.config import Config

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


def test_slides_without_internet_load_nothing_from_there():
    """But mermaid, which nbconvert lets nobody configure, which nothing waits for, and which no lesson uses."""
    config = json.loads((ROOT / "notebooks" / "slides_offline.json").read_text(encoding="utf-8"))
    page, _ = SlidesExporter(config=Config(config)).from_notebook_node(read(NOTEBOOKS[LESSONS[0]]))
    loaded = re.findall(r"""<(?:script|link)\b[^>]*\b(?:src|href)=["'](https?:[^"']+)|import \w+ from '(.+?)'""", page)
    assert [url or module for url, module in loaded if "/mermaid/" not in module] == []
    assert "node_modules/reveal.js/dist/reveal.js" in page
    assert not [name for name in LESSONS for cell in read(NOTEBOOKS[name]).cells if "```mermaid" in cell.source]


@pytest.mark.parametrize("name", LESSONS)
def test_each_instructor_s_note_ends_with_a_sentence_to_say_aloud(name):
    notes = [cell for cell in read(NOTEBOOKS[name]).cells if cell.id.endswith("-notes")]
    said = {cell.id: re.search(r'\n>\n> \*\*Say:\*\* "([A-Z][^"\n]*[^"\n.?!][.?!])"$', cell.source) for cell in notes}
    assert [cell_id for cell_id, sentence in said.items() if not sentence] == []
    words = {cell_id: len(sentence[1].split()) for cell_id, sentence in said.items()}
    assert {cell_id: count for cell_id, count in words.items() if not 5 <= count <= 25} == {}
    assert len({sentence[1] for sentence in said.values()}) == len(notes) >= 6
    more = [cell_id for cell_id, sentence in said.items() if re.search(r"[.?!] ", sentence[1])]
    assert more == [], "one sentence is enough"
