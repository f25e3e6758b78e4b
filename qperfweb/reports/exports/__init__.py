"""A reading, or a run that nobody has read yet, as DICOM objects and as FHIR.

``subject.py`` gathers what is exported; one file per kind of object builds it; ``archive.py`` puts
them together. Nothing here is imported before somebody exports: highdicom is heavy.
"""
