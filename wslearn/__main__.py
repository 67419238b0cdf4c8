"""`python -m wslearn`."""

from wslearn.cli import run

if __name__ == "__main__":
    run()
