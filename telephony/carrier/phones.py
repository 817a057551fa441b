"""People's phones: how each answers when it rings."""

from dataclasses import dataclass

ANSWERS = frozenset({"manual", "human", "voicemail", "busy", "no_answer"})
GREETING = "Hello. I cannot take your call just now. Please leave a message after the tone."
RECORDING_S = 30.0
"""How long a voicemail listens before it hangs up."""


@dataclass
class Phone:
    """How a phone answers: by hand, or as a scripted person or machine.

    `after_s` is how long it rings first. `presses` are a scripted person's answers to the questions of one
    call, in order, separated by commas; each is pressed one second after its question was asked.
    """

    answers: str = "manual"
    after_s: float = 2.0
    presses: str = ""

    def __post_init__(self) -> None:
        if self.answers not in ANSWERS:
            raise ValueError(f"answers must be one of {', '.join(sorted(ANSWERS))}")
        if self.after_s < 0:
            raise ValueError("after_s must not be negative")
        if set(self.presses) - set("0123456789*#,"):
            raise ValueError("presses are keys, separated by commas")

    def shown(self) -> dict[str, object]:
        """The phone's settings as JSON."""
        return {"answers": self.answers, "after_s": self.after_s, "presses": self.presses}
