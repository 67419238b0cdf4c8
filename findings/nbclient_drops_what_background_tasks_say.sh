#!/usr/bin/env bash
# Guess: a notebook that `jupyter execute`, `nbconvert --execute` or papermill has run holds what the same notebook
#   shows in a browser. If a cell starts a task (a server, a client that listens) and the next cells wait, the lines of
#   the task are saved under the first cell or under a later one.
# What happens: the kernel labels what a task says with the cell that started it, and the program that runs the notebook
#   (nbclient, in all three) reads only what carries the label of the cell that runs now. So everything that a task
#   says after its cell is dropped: its print()s, its log, its updates of a display, and the values of its widgets. The
#   saved state of a progress bar is 0 where the kernel says 5, and a server that logs its failure leaves a notebook
#   in which nothing has failed. A front end gets it all, for the first cell. A thread's print is saved, under the
#   cell that ran at that time: so whether anything is kept depends on how the same work is put into the background.
# Versions: nbclient 0.11.0, ipykernel 7.4.0, ipywidgets 8.1.9, jupyter_client 8.10.0, Python 3.11 (tasks: the same with
#   ipykernel 6.31).
# To whom it matters: tests and documentation of notebooks with asyncio: the outputs of servers, clients and bots are
#   missing, and a broken one passes. `await` the task in a later cell, so that its error is raised there, and let
#   that cell print what the task has collected.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
timeout 300 "$work/venv/bin/pip" install -qq --no-compile --disable-pip-version-check \
    nbclient==0.11.0 nbformat==5.11.1 ipykernel==7.4.0 ipywidgets==8.1.9 jupyter-client==8.10.0
cat > "$work/check.py" <<'PY'
import os
import queue
import sys
import time
from importlib.metadata import version

FOLDER = sys.argv[1]
os.environ |= {f"JUPYTER_{name}_DIR": f"{FOLDER}/{name}" for name in ("RUNTIME", "CONFIG", "DATA")}
os.environ |= {"IPYTHONDIR": f"{FOLDER}/ipython", "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}

import nbformat
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

CELLS = [
    """
import asyncio, logging, threading, time
import ipywidgets
from IPython.display import display

bar = ipywidgets.IntProgress(max=5)
shown = display("at 0", display_id=True)

async def work():
    await asyncio.sleep(1)
    for number in range(1, 6):
        print("task", number)
        shown.update(f"at {number}")
        bar.value = number
    logging.error("the task has failed")

def in_a_thread():
    time.sleep(1)
    print("thread")

threading.Thread(target=in_a_thread).start()
task = asyncio.create_task(work())
""",
    """
await asyncio.sleep(3)
print("bar", bar.value, "task done", task.done())
""",
    "await asyncio.sleep(0.5)",
]


def words(text, found):
    """Add to `found` which of the things that the two say in the background are in this text."""
    signs = {"task 5": "print", "at 5": "display", "the task has failed": "log", "thread": "thread"}
    found |= {name for sign, name in signs.items() if sign in text}


def in_a_front_end():
    """Run the cells as a front end does, and return what of the background reaches it, and in which cell's name."""
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=120)
    cells, seen, idle = {}, [set() for _ in CELLS], 0
    try:
        for number, code in enumerate(CELLS):
            cells[client.execute(code)] = number
        end = time.monotonic() + 90
        while idle < len(CELLS) and time.monotonic() < end:
            try:
                message = client.get_iopub_msg(timeout=5)
            except queue.Empty:
                continue
            number = cells.get(message["parent_header"].get("msg_id"))
            if number is not None:
                words(repr(message["content"]), seen[number] if message["msg_type"] != "execute_input" else set())
                idle += message["content"].get("execution_state") == "idle"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return seen


def saved():
    """Run the cells with nbclient, and return what of the background is in the notebook, and the bar's saved value."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS])
    NotebookClient(notebook, kernel_name="python3", timeout=90, startup_timeout=120).execute()
    seen = [set() for _ in CELLS]
    for cell, found in zip(notebook.cells, seen):
        words(repr(cell.outputs), found)
    states = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    values = [state["state"]["value"] for state in states if state["model_name"] == "IntProgressModel"]
    return seen, values, "bar 5 task done True" in repr(notebook.cells[1].outputs)


def main():
    names = ("nbclient", "ipykernel", "ipywidgets", "jupyter_client")
    print(*(f"{name} {version(name)}" for name in names), "Python", sys.version.split()[0])
    live = in_a_front_end()
    seen, values, done = saved()
    for name, found in (("a front end gets", live), ("nbclient saves", seen)):
        cells = "; ".join(f"{number}: {' '.join(sorted(words)) or '-'}" for number, words in enumerate(found, 1))
        print(f"{name:18}of the background, by cell: {cells}")
    print("the bar: 5 in the kernel,", *values, "in the notebook")
    if not {"print", "display", "log"} <= set().union(*live) or not done:
        sys.exit("CHANGED: a front end does not get what a task says")
    if set().union(*seen) & {"print", "display", "log"} or values != [0]:
        sys.exit("CHANGED: nbclient saves what a task says after its cell")


main()
PY
timeout 240 "$work/venv/bin/python" "$work/check.py" "$work" 2> "$work/log" || { rc=$?; tail -5 "$work/log"; exit $rc; }
