"""Lists of words, written as a sentence of them."""


def names(listed: str) -> frozenset[str]:
    """The words of `listed`, as a set."""
    return frozenset(listed.split())
