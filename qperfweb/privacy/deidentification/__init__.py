"""Take a patient's identity out of DICOM objects, after PS3.15 Annex E."""
