"""What every exercise is checked with: a conversation, its clients, a thread of its own, and what it found."""
