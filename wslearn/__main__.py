"""`wslearn`, and `python -m wslearn`: what is in the way is said in one sentence before the command is loaded."""

import os
import sys


def run() -> None:
    """Run the command line. What keeps it from running is said in one line on stderr, with the exit code 1."""
    from wslearn.common import preflight  # after the path below has been put right

    arguments = sys.argv[1:]
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    # A server that a notebook started: its first cell has looked at the packages, and this would take a moment.
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
    # -m puts the current folder first on the path, where a file called http.py would be taken for Python's own.
    # Unless that folder is where this very package was found, or -P has kept it out.
    if not sys.flags.safe_path and sys.path[0] != os.path.dirname(os.path.dirname(os.path.abspath(__file__))):
        del sys.path[0]
    run()
