"""Images that name their patient everywhere, and a look for what is left of the name."""

from __future__ import annotations

import pydicom
from django.apps import apps
from django.db import connection

from tests.dicom import make

WORDS = ("Hidden", "Agatha", "MRN-7731", "ACC-5512", "19410307")
"""What must be found nowhere afterwards."""


def naming_image(number=1, **elements):
    """An image that names its patient in headers, in private attributes and in what they nest."""
    one = make.image(
        number=number, PatientName="Hidden^Agatha", PatientID="MRN-7731",
        PatientBirthDate="19410307", AccessionNumber="ACC-5512", **elements,
    )  # fmt: skip
    private = one.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    private.add_new(0x10, "OB", b"tPatientName = Hidden Agatha; MRN-7731")
    inner = pydicom.Dataset()
    inner.PatientName = "Hidden^Agatha"
    private.add_new(0x20, "SQ", [inner])
    one.private_block(0x0099, "SHY", create=True).add_new(0x01, "LO", "Agatha Hidden")
    return one


def traces(store):
    """Where one of the words is found: files of the store, and rows of every table but the seal."""
    places = [
        (path.name, word)
        for path in store.rglob("*") if path.is_file()
        for word in WORDS if word.encode() in path.read_bytes()
    ]  # fmt: skip
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if not model.__module__.startswith("qperfweb."):
                continue
            cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t")
            for (row,) in cursor.fetchall():
                places += [(model._meta.db_table, word) for word in WORDS if word in row]
    return places
