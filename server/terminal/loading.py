"""A command that starts without looking for garbage: imported before all that is large, ended when all is there.

What a command loads stays until it ends. To look through it again and again while it grows takes a fifth of the time
until the first word.
"""

import gc

gc.disable()


def over() -> None:
    """Garbage is looked for again, though never among what was loaded."""
    gc.freeze()
    gc.enable()
