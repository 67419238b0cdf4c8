"""Test your own server."""
