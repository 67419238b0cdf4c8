"""Modules that every room may import, and that import none of the rooms."""
