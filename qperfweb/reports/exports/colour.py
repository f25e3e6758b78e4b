"""Colour images of the maps for workstations that show nothing else (Secondary Capture).

Who sees such an image sees no header, so its state is written into its pixels: "NOT REVIEWED" for
whatever nobody has signed.
"""

from __future__ import annotations

import numpy as np
from highdicom.sc import SCImage
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from qperfweb.reports.palette import FULL_SCALE, colours
from qperfweb.reports.pictures import display_point, displayed

from .common import equipment, finish, place, reference
from .subject import NOT_REVIEWED, ExportSlice, ExportSubject

ZOOM = 4
BAND_PX = 36
"""Rows above the map, for the words."""

UPSLOPE_TOP = 0.6
_MAPS = {
    "mbf": ("mbf", "MBF", "ml/min/g", FULL_SCALE),
    "relative_upslope": ("relative_upslope", "rel. upslope", "", UPSLOPE_TOP),
}


def colour_images(subject: ExportSubject) -> list[SCImage]:
    """One colour image per slice that has a map."""
    images = []
    for index, acquired in enumerate(subject.acquired):
        name = _MAPS[acquired.quantity][0]
        slices = [s for s in subject.slices if s.acquisition == acquired.key]
        for number, piece in enumerate(slices, start=1):
            if subject.array(piece, name) is not None:
                images.append(_image(subject, piece, index, number))
    return images


def picture(subject: ExportSubject, piece: ExportSlice) -> NDArray[np.uint8]:
    """(H, W, 3): the map in the standard view with contours, scale, state and run."""
    name, label, unit, top = _MAPS[piece.quantity]
    values = displayed(np.asarray(subject.array(piece, name)), piece.display_matrix)
    map_image = Image.fromarray(colours(values, top=top)).resize(
        (values.shape[1] * ZOOM, values.shape[0] * ZOOM), Image.Resampling.NEAREST
    )
    whole = Image.new("RGB", (map_image.width, map_image.height + BAND_PX))
    whole.paste(map_image, (0, BAND_PX))
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(13)
    if piece.contours is not None:
        for contour in (piece.contours.epi_rc, piece.contours.endo_rc):
            _outline(draw, contour, piece.display_matrix)
    reading = f"reading {subject.reading.pk}.{subject.revision}" if subject.reading else ""
    draw.text((3, 1), f"{piece.key.replace('_', ' ')} {label} 0-{top:g} {unit}", "white", font)
    by = f"signed by {subject.observer_name}" if subject.signature else NOT_REVIEWED
    draw.text((3, 17), f"{by}  run {subject.run.pk} {reading}", "yellow", font)
    if subject.signature is None:
        draw.text((3, whole.height - 18), NOT_REVIEWED, "yellow", font)
    return np.asarray(whole)


def _outline(
    draw: ImageDraw.ImageDraw,
    contour: tuple[tuple[float, float], ...] | None,
    matrix: tuple[float, ...],
) -> None:
    if not contour:
        return
    points = [display_point(point, matrix) for point in (*contour, contour[0])]
    draw.line([((x + 0.5) * ZOOM, (y + 0.5) * ZOOM + BAND_PX) for x, y in points], "white", 1)


def _image(subject: ExportSubject, piece: ExportSlice, index: int, number: int) -> SCImage:
    label = _MAPS[piece.quantity][1]
    ds = SCImage.from_ref_dataset(
        ref_dataset=piece.source.header,
        pixel_array=picture(subject, piece),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),
        sop_instance_uid=subject.uid("colour", piece.key),
        instance_number=number,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        **place(subject, "colour", index),
        **equipment(subject),
    )
    # Turned, zoomed and written on, it lies in no plane of the patient any more.
    ds.PatientOrientation = ""
    ds.Modality = "OT"
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.BurnedInAnnotation = "YES"
    ds.DerivationDescription = f"Colour map of {label}, {subject.status_words}"
    header = piece.source.header
    ds.SourceImageSequence = [reference(header.SOPInstanceUID, header.SOPClassUID)]
    finish(ds, subject, f"QPerf {piece.condition} colour")
    return ds
