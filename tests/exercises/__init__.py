"""Tests of the exercises. A package, because their files have the names of those in tests/servers."""
