"""`python -m wslearn`, and what the command `wslearn` starts."""

import sys


def main() -> None:
    """Run the command line, or say in one line that this Python is too old for it."""
    if sys.version_info < (3, 11):  # noqa: UP036 - pip and uv check it too, a checkout does not
        sys.exit(
            f"wslearn needs Python 3.11 or newer, and this is {sys.version.split()[0]}: "
            "start it with a newer one, or with 'uv run', which finds one."
        )
    from wslearn.cli import run

    run()


if __name__ == "__main__":
    main()
