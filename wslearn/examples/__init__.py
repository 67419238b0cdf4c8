"""Two short programs on what the lessons have built: a text that several people edit, and a small game. Lesson 09."""
