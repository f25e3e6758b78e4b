"""The maps as ordinary MR images with a colour palette, for workstations that know no others.

A stored value of 1 + 100 v stands for v; 0 stands for "not measured". An MR image must be
monochrome, so the palette (that of the report) is a supplemental one: who knows it shows colour,
everybody else shows grey levels that are windowed from zero to the end of the palette.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from qperfweb.reports.palette import FULL_SCALE, colours

from .colour import UPSLOPE_TOP
from .common import equipment, finish, place, reference
from .parametric_map import QUANTITIES, Quantity
from .subject import ExportSlice, ExportSubject

STEP: Final = 0.01
"""What one grey level is worth."""
_BRIGHTEST: Final = 65_535

_COPIED = (
    "SpecificCharacterSet", "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
    "StudyInstanceUID", "StudyID", "StudyDate", "StudyTime", "AccessionNumber",
    "ReferringPhysicianName", "FrameOfReferenceUID", "PositionReferenceIndicator",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
)  # fmt: skip


def palette_images(subject: ExportSubject) -> list[Dataset]:
    """One MR image per slice that has a map of flow (or of the relative upslope)."""
    images = []
    for index, acquired in enumerate(subject.acquired):
        quantity = QUANTITIES[acquired.quantity][0]
        slices = [s for s in subject.slices if s.acquisition == acquired.key]
        for number, piece in enumerate(slices, start=1):
            values = subject.array(piece, quantity.array)
            if values is not None:
                images.append(_image(subject, piece, quantity, np.asarray(values), index, number))
    return images


def stored(values: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Levels of a map; negative values are zero flow."""
    levels = np.clip(np.rint(np.nan_to_num(values) / STEP), 0, _BRIGHTEST - 1) + 1
    return np.where(np.isfinite(values), levels, 0).astype(np.uint16)


def _image(
    subject: ExportSubject,
    piece: ExportSlice,
    quantity: Quantity,
    values: NDArray[np.floating],
    index: int,
    number: int,
) -> Dataset:
    header = piece.source.header
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = subject.uid("palette", piece.key)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for keyword in _COPIED:
        setattr(ds, keyword, header.get(keyword, ""))
    ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
    series = place(subject, "palette", index)
    ds.SeriesInstanceUID, ds.SeriesNumber = series["series_instance_uid"], series["series_number"]
    ds.Modality, ds.InstanceNumber = "MR", number
    made_by = equipment(subject)
    ds.Manufacturer = made_by["manufacturer"]
    ds.ManufacturerModelName = made_by["manufacturer_model_name"]
    ds.SoftwareVersions = made_by["software_versions"]
    ds.DeviceSerialNumber = made_by["device_serial_number"]
    ds.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    ds.ImageComments = f"{quantity.words}, {piece.condition}, {subject.status_words}"
    ds.DerivationDescription = f"Map of {quantity.words}, {subject.status_words}"
    ds.SourceImageSequence = [reference(header.SOPInstanceUID, header.SOPClassUID)]
    # A map has no acquisition of its own; these are of type 1 or 2 in the MR Image module.
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "RM", "NONE", ""
    ds.MRAcquisitionType, ds.RepetitionTime, ds.EchoTime, ds.EchoTrainLength = "2D", "", "", ""
    ds.PatientPosition = ""
    ds.BurnedInAnnotation = "NO"
    _put_pixels(ds, values)
    _put_palette(ds, FULL_SCALE if piece.quantity == "mbf" else UPSLOPE_TOP)
    ds.RealWorldValueMappingSequence = [_mapping(quantity)]
    finish(ds, subject, f"QPerf {piece.condition} {quantity.label} palette")
    return ds


def _put_pixels(ds: Dataset, values: NDArray[np.floating]) -> None:
    ds.Rows, ds.Columns = values.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.PixelPresentation = "COLOR"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 0
    ds.PixelData = stored(values).astype("<u2").tobytes()


def _put_palette(ds: Dataset, top: float) -> None:
    """Red, green and blue for 0 to ``top``, from level 1 on; the window of the grey levels."""
    table = colours(np.arange(0.0, top + STEP / 2, STEP), top=top).astype(np.uint16) * 257
    ds.WindowCenter, ds.WindowWidth = 1 + len(table) // 2, len(table) - 1
    for channel, colour in enumerate(("Red", "Green", "Blue")):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [len(table), 1, 16])
        setattr(
            ds, f"{colour}PaletteColorLookupTableData", table[:, channel].astype("<u2").tobytes()
        )


def _mapping(quantity: Quantity) -> Dataset:
    def code(value: Any) -> Dataset:
        item = Dataset()
        item.CodeValue, item.CodeMeaning = value.value, value.meaning
        item.CodingSchemeDesignator = value.scheme_designator
        return item

    mapping = Dataset()
    mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped = 1, _BRIGHTEST
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = STEP, -STEP
    mapping.LUTLabel, mapping.LUTExplanation = quantity.label, quantity.words
    mapping.MeasurementUnitsCodeSequence = [code(quantity.unit)]
    return mapping
