"""What keeps a measurement from being made."""


class BenchProblem(Exception):
    """The bench cannot measure; the text says what is missing and what to do."""
