"""Compressed frames as values, decoded by a child process that may fail without harm."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from qperfweb.core.errors import Unavailable

SECONDS = 30.0
AT_ONCE = 2
"""Children at once in one server process: each may take the memory of a large frame."""
_room = threading.BoundedSemaphore(AT_ONCE)


def decoded_frame(path: Path, number: int) -> NDArray[Any]:
    """(rows, columns) or (rows, columns, 3) stored values of frame ``number`` (from 1).

    Raises ValueError where the frame cannot be decoded, Unavailable where too many wait.
    """
    if not _room.acquire(timeout=SECONDS):
        raise Unavailable("Too many images are being decoded; try again in a moment.")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "analysis.dicom.decoder", str(path), str(number)],
            cwd=settings.BASE_DIR,
            # Nothing of the server's secrets goes to the process that reads strangers' bytes.
            env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise ValueError("the frame cannot be decoded") from error
    finally:
        _room.release()
    values: NDArray[Any] = np.load(io.BytesIO(done.stdout), allow_pickle=False)
    return values
