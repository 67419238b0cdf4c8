"""The command line, last of all rooms: nobody imports it."""
