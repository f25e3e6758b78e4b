"""Stored objects in another transfer syntax, rewritten by a child process that may fail."""

from __future__ import annotations

import atexit
import tempfile
import threading
from pathlib import Path
from typing import IO

from analysis.dicom.transcoder import COMPRESSIONS, EXPLICIT_LITTLE, TARGETS
from qperfweb.core.child import JsonChild
from qperfweb.core.errors import Unavailable
from qperfweb.studies.storage import staging_folder

__all__ = ["COMPRESSIONS", "EXPLICIT_LITTLE", "TARGETS", "transcoded"]

SECONDS = 30.0
_child = JsonChild("analysis.dicom.transcoder")
_one_at_a_time = threading.Lock()


def transcoded(path: Path, syntax: str) -> IO[bytes]:
    """The object of ``path`` in one of TARGETS, in a file without a name; the caller closes it.

    Raises ValueError where it cannot be rewritten, Unavailable where too many wait.
    """
    with tempfile.NamedTemporaryFile(dir=staging_folder(), prefix="transcoded-") as made:
        if not _one_at_a_time.acquire(timeout=SECONDS):
            raise Unavailable("Too many images are being rewritten; try again in a moment.")
        try:
            _child.send([{"path": str(path), "syntax": syntax, "target": made.name}])
            done = _child.receive(SECONDS).get("done") is True
        except (OSError, EOFError, ValueError):  # dead, too slow (an OSError too), or nonsense
            _child.stop()
            done = False
        finally:
            _one_at_a_time.release()
        if not done:
            raise ValueError("the object cannot be rewritten")
        return Path(made.name).open("rb")


@atexit.register
def _stop() -> None:
    _child.stop()
