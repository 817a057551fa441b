"""The conversation, pure: (place, event) -> Turn. Standard library only; no clock, no database, no carrier."""
