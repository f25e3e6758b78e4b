"""The long form: python -m tests.chaos --kills 50 --exams 60 --workers 2

Prints what happened as JSON; exit code 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.exams import WHOLE
from tests.chaos.siege import TARGETS, besiege


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--exams", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=4.0, help="longest seconds into an analysis")
    parser.add_argument("--whole", action="store_true", help="exams of stress and rest, 3 slices")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    targets = [chance.choice(TARGETS) for _ in range(options.kills)]
    with tempfile.TemporaryDirectory(prefix="qperf-chaos-") as folder:
        report = besiege(
            Path(folder) / "state",
            targets,
            exam_count=options.exams,
            workers=options.workers,
            seed=options.seed,
            pause_s=(0.0, options.pause),
            limit_s=3600,
            exam_options=WHOLE if options.whole else {},
        )
    print(json.dumps(report.to_json(), indent=1))
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
