"""The command line, which no other room imports."""
