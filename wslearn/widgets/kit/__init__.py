"""What every dashboard is made of: frame, task, picture, look."""
