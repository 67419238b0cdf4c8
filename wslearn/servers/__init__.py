"""The servers of the lessons, each in its own file of one screen."""
