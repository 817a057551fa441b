"""Keyword recognition: pure functions over the agreed words. No database, no web, no carrier."""

from .collide import Collision, problems
from .texted import texted
from .vocabulary import Vocabulary
from .words import Match, Word

__all__ = ["Collision", "Match", "Vocabulary", "Word", "problems", "texted"]
