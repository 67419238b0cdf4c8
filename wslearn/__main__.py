"""`wslearn`, and `python -m wslearn`: report a problem of the installation before the command is loaded."""

import os
import sys


def run() -> None:
    """Run the command line. If it cannot run, print one line on stderr and exit with the code 1."""
    try:
        _run()
    except KeyboardInterrupt:  # Ctrl-C while modules are loaded, which can take seconds
        sys.exit(130)


def _run() -> None:
    from wslearn.common import preflight  # after the change of the path below

    arguments = sys.argv[1:]
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    # The first cell of the notebook that started this server has checked the packages, which takes a moment.
    child = "--exit-with-parent" in arguments
    if problem := preflight.shadowing() or (None if child else preflight.outdated(command)):
        sys.exit(f"Error: {problem}")
    try:
        from wslearn.cli import main as cli

        cli.run()
    except ImportError as error:
        why = preflight.outdated(command) or f"a package does not work ({error}): install wslearn again."
        sys.exit(f"Error: {why}")


if __name__ == "__main__":
    # -m puts the current folder first on the path, where a file called http.py would replace Python's own. Remove that
    # folder unless it contains this very package, or -P has kept it out already.
    if not sys.flags.safe_path and sys.path[0] != os.path.dirname(os.path.dirname(os.path.abspath(__file__))):
        del sys.path[0]
    run()
