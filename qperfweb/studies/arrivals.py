"""What a site wants done with objects before they are kept; who knows how registers here.

Packages below never call above: de-identification on arrival belongs to ``privacy``, which sets
``preparation_for`` and ``removes_identity`` when the application starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analysis.dicom import Refusal

from .indexing import Arrival
from .models import IntakeBatch

Preparation = Callable[[Sequence[Arrival]], tuple[list[Arrival], list[Refusal]]]
"""Objects as they are kept instead of as they came, and those that are not kept at all.

Every arrival that is handed back lies in the staging folder under a file of its own."""


def _as_they_are(batch: IntakeBatch) -> Preparation | None:
    return None


preparation_for: Callable[[IntakeBatch], Preparation | None] = _as_they_are
"""What to do with the objects of a delivery; None where they are kept as they come. Where
something is done, the names of the files are not kept either: senders put patients into them."""


def _keeps_identities(site_id: int) -> bool:
    return False


removes_identity: Callable[[int], bool] = _keeps_identities
"""Does a site keep nothing that names a patient? Asked inside the site's scope."""
