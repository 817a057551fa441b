"""What can stop a local set-up: one sentence for the person at the keyboard, and an exit code for scripts."""


class Problem(Exception):
    """Something the person can mend. The message is one clear sentence that says what and how."""

    exit_code = 1


class PortBusy(Problem):
    """Another program listens where one of ours should."""

    exit_code = 3


class ToolMissing(Problem):
    """A program this set-up cannot do without is not on the machine."""

    exit_code = 4


class NotWritable(Problem):
    """A folder that must hold our files cannot be written."""

    exit_code = 5


class DidNotStart(Problem):
    """One of our own processes stopped, or did not answer, while starting."""

    exit_code = 6
