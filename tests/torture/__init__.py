"""The long fault run: `make torture`. Real processes, killed, frozen and cut off, under many callers at once."""
