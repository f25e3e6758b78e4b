"""List the files that rows name: what a backup has to hold."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from qperfweb.accounts.models import Site
from qperfweb.core.rls import site_scope
from qperfweb.runs.bundles import bundle_name
from qperfweb.runs.named_files import bundles_named, objects_named
from qperfweb.runs.shared_bundles import bring_bundle
from qperfweb.studies.storage import object_name, object_paths


class Command(BaseCommand):
    help = (
        "Print the name below the store folder of every object and bundle that a row names, one "
        "per line. What only the object store has is brought to this machine."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with site_scope(Site.objects.values_list("pk", flat=True)):
            objects = sorted({naming.sha256 for naming in objects_named()})
            bundles = sorted({naming.sha256 for naming in bundles_named()})
        object_paths(objects)
        for digest in bundles:
            bring_bundle(digest)
        for name in [*map(object_name, objects), *map(bundle_name, bundles)]:
            self.stdout.write(name)
