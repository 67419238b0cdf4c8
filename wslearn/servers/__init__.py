"""The servers of the lessons: one lesson, one file, readable on one screen."""
