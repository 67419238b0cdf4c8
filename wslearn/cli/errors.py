"""Errors of a command as one line of text."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def explained(*kinds: type[Exception]) -> Iterator[None]:
    """Turn errors of these kinds into one line of text, which click shows."""
    try:
        yield
    except kinds as error:
        text = str(getattr(error, "strerror", None) or error)
        if isinstance(error, OSError) and error.filename is not None:
            text = f"cannot use {error.filename}: {text}"
        elif isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            which = text.partition(" is in use")[0]  # of the comparison's two ports
            advice = "stop the program that uses it, or choose another with --port (--port 0 finds a free one)"
            text = f"{which} is in use: {advice}"
        raise click.ClickException(text) from error
