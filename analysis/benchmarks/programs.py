"""Programs of the machine that a script of the same name in the Python environment hides."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def outside(program: str) -> str | None:
    """Path of a program that is not this environment's; None where there is none.

    pynetdicom installs scripts with the names of dcmtk's programs (storescu, storescp, echoscu).
    """
    own = Path(sys.prefix, "bin").resolve()
    elsewhere = (
        folder
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if folder and Path(folder).resolve() != own
    )
    return shutil.which(program, path=os.pathsep.join(elsewhere))
