"""How to get what wslearn installs only on demand, in words for an error message."""


def how_to_get(extra: str) -> str:
    """Return the rest of a sentence: what somebody has to type who needs one of wslearn's extras."""
    return f'write uv run --extra {extra} wslearn … (without uv: pip install ".[{extra}]" in the folder of wslearn)'
