"""What went wrong with the tablet's own store, in words for a surveyor."""

from mobile.locale import Say
from sync.replica import ReplicaProblem


def explain(say: Say, problem: ReplicaProblem) -> str:
    """In the surveyor's language where we have words for it, otherwise as the replica said it."""
    try:
        return say(f"problem.{problem.code}")
    except KeyError:
        return str(problem)
