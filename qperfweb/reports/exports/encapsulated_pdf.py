"""The report as Encapsulated PDF; a signed one carries the verification flag."""

from __future__ import annotations

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from qperfweb.reports.services import report_pdf

from .common import equipment, finish, place, reference
from .subject import MANUFACTURER, NOT_REVIEWED, ExportSubject

_IDENTITY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID",
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "SpecificCharacterSet",
)  # fmt: skip


def encapsulated_pdf(subject: ExportSubject) -> Dataset | None:
    """The PDF of a subject's reading; None where nobody has read yet."""
    if subject.reading is None:
        return None
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    meta.MediaStorageSOPInstanceUID = subject.uid("pdf")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for keyword in _IDENTITY:
        setattr(ds, keyword, subject.header.get(keyword, ""))
    ds.SOPClassUID = EncapsulatedPDFStorage
    ds.SOPInstanceUID = subject.uid("pdf")
    series = place(subject, "pdf")
    ds.SeriesInstanceUID, ds.SeriesNumber = series["series_instance_uid"], series["series_number"]
    ds.Modality, ds.ConversionType, ds.InstanceNumber = "DOC", "WSD", 1
    made_by = equipment(subject)
    ds.Manufacturer = ds.ManufacturerModelName = MANUFACTURER
    ds.SoftwareVersions = made_by["software_versions"]
    ds.DeviceSerialNumber = made_by["device_serial_number"]
    ds.AcquisitionDateTime = ""
    ds.BurnedInAnnotation = "YES"
    ds.VerificationFlag = "VERIFIED" if subject.signature else "UNVERIFIED"
    preliminary = "" if subject.signature else f", {NOT_REVIEWED}"
    ds.DocumentTitle = f"Quantitative myocardial perfusion{preliminary}"
    ds.ConceptNameCodeSequence = []
    ds.SourceInstanceSequence = [
        reference(uid, sop_class)
        for uid, sop_class in {
            s.source.header.SOPInstanceUID: s.source.header.SOPClassUID for s in subject.slices
        }.items()
    ]
    content = report_pdf(subject.reading)
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocumentLength = len(content)
    ds.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    finish(ds, subject, "QPerf report")
    return ds
