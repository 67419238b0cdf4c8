"""Finds the JupyterLab that shows a folder already, so that no second one is started beside it."""

import json
import urllib.request
from pathlib import Path

#: Timeout of a server's answer, in seconds. It is on this machine, and may be busy with a class.
PATIENCE = 5.0


def is_open(folder: Path) -> bool:
    """Return whether a Jupyter server of this user shows `folder`, and answers."""
    from jupyter_server.serverapp import list_running_servers

    try:
        servers = list(list_running_servers())
    except OSError:  # the folder with their files cannot be read, so nobody has written into it either
        return False
    return any(Path(server["root_dir"]).resolve() == folder.resolve() and _answers(server) for server in servers)


def advice(lesson: str) -> list[str]:
    """Return lines that say what to do in the open JupyterLab after `lesson` was reset.

    JupyterLab doesn't look at a file that another program has changed before it saves that file itself.
    """
    return [
        "JupyterLab is already running in this folder, so no second one is started.",
        f"In the tab of {lesson}, choose File, Reload Notebook from Disk.",
        "If JupyterLab says File Changed, choose Revert.",
        "The kernel still has its variables. To begin without them, choose Kernel, Restart Kernel.",
    ]


def _answers(server: dict[str, str]) -> bool:
    # A server that was killed leaves its file, and its process id may belong to another program by now.
    request = urllib.request.Request(f"{server['url']}api", headers={"Authorization": f"token {server['token']}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this machine
    try:
        with opener.open(request, timeout=PATIENCE) as response:
            return "version" in json.load(response)
    except (OSError, ValueError):
        return False
