"""Whose records somebody may open and act on, by locality: pure rules, read by `triage.walls`.

Four ways to a record, and no fifth: it is of one of their own localities; its locality names one of theirs as overflow
(they act *for* it, and that is written down); nobody knows its locality yet, so it is everybody's; or it is theirs by
name (they hold it, held it, asked for it, or broke the glass), which `walls` knows. Somebody with a role at the desk
whose service file names no localities has all of them: the file did not divide its people, so neither do we. An
administrator, and a reader of figures, opens no record by that role at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

How = Literal["own", "overflow", "unknown", "no"]
AT_THE_DESK: Final = frozenset({"nurse", "dispatcher", "supervisor"})


@dataclass(frozen=True)
class Reach:
    """The localities somebody reaches: as their own, and as overflow. `everywhere`: the file names none for them."""

    own: frozenset[str]
    overflow: frozenset[str]
    everywhere: bool = False

    def how(self, locality: str | None) -> How:
        """How this person comes to a record of `locality` (None: not known yet)."""
        if not self.everywhere and not self.own:
            return "no"
        if not locality:
            return "unknown"
        if self.everywhere or locality in self.own:
            return "own"
        return "overflow" if locality in self.overflow else "no"

    def to(self, locality: str | None) -> bool:
        """Whether they may open and act on a record of `locality`."""
        return self.how(locality) != "no"

    def acts_for(self, locality: str | None) -> str | None:
        """The locality for which they act by acting on this record, where it is not their own."""
        return locality if locality and self.how(locality) != "own" else None

    @property
    def codes(self) -> frozenset[str]:
        """Every locality they reach by name; of no use where they are `everywhere`."""
        return self.own | self.overflow


NOWHERE: Final = Reach(frozenset(), frozenset())


def of(roles: Sequence[str], localities: Sequence[str], overflow: Mapping[str, Sequence[str]]) -> Reach:
    """The reach of somebody with these roles and localities; `overflow` is each locality's list of helpers."""
    if not AT_THE_DESK & set(roles):
        return NOWHERE
    if not localities:
        return Reach(frozenset(), frozenset(), everywhere=True)
    own = frozenset(localities)
    helped = {code for code, helpers in overflow.items() if own & set(helpers)}
    return Reach(own, frozenset(helped) - own)


def lends_to(localities: Sequence[str], overflow: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The localities whose cars may be borrowed for somebody of these localities."""
    return frozenset(code for mine in localities for code in overflow.get(mine, ()))
