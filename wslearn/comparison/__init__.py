"""The HTTP side of the comparison: polling, long polling and other ways of HTTP to do a WebSocket's work. Lesson 01."""
