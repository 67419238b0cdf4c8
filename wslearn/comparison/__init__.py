"""The HTTP side of the comparison: what HTTP has for the work of a WebSocket. Lesson 01."""
