"""What is left of the tablet's storage: told to the office, which can act before a surveyor stands in a yard with a
full one.
"""

import shutil
from pathlib import Path


def free_bytes(folder: Path) -> int | None:
    """Bytes that may still be written beside `folder`'s files; None where the system does not say."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
