"""Why an object that was handed in is not used: one sentence each, with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One file (or member of a zip) that was not taken.

    where: the path as the sender knows it, a member of a zip as ``exam.zip!/folder/0001.dcm``.
    code: stable kebab-case reason, a key of ``REASONS``.
    message: one sentence: what is wrong and what to do.
    """

    where: str
    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        return {"where": self.where, "code": self.code, "message": self.message}


REASONS: Final = {
    "missing": "There is no file or folder at this path; check its name.",
    "unreadable": "The file could not be opened; check that it may be read and copy it again.",
    "empty": "The file is empty (0 bytes); copy or export it again.",
    "too-large": "The file is larger than this system accepts; send it as single DICOM objects.",
    "not-dicom": "This is not a DICOM file; send DICOM objects or a zip of them.",
    "directory-index": "This is a DICOMDIR index, which holds no images; nothing needs to be done.",
    "truncated": "The DICOM object ends before its pixel data does; export it again with images.",
    "damaged": "The DICOM object is damaged and cannot be read; export it again.",
    "encrypted": "The DICOM object is encrypted; export it without encryption.",
    "wrong-modality": "This object is not an MR image and is not used; send the MR series.",
    "wrong-object": "This kind of DICOM object holds no MR image to analyse and is not used.",
    "no-identity": "The DICOM object lacks a valid UID (study, series or own); export it again.",
    "bad-dimensions": "Rows, columns or frames of the image are missing or not plausible; "
    "export it again.",
    "bad-compression": "The image is compressed in a way that this system cannot decode; "
    "export it uncompressed.",
    "bad-pixels": "The pixels of this image cannot be decoded; export it again.",
    "zip-damaged": "The zip file is damaged or is not a zip file; make it again.",
    "zip-encrypted": "The zip member is encrypted; make the zip without a password.",
    "zip-path": "The zip member points outside its archive and was not unpacked.",
    "zip-bomb": "The zip member unpacks to far more than its size and was not unpacked.",
    "zip-too-large": "The zip unpacks to more than this system accepts; send it in parts.",
    "zip-too-many": "The zip holds more members than this system accepts; send it in parts.",
    "zip-nested": "Zips inside zips are opened one level deep only; unpack it first.",
    "zip-method": "The zip member is packed with an unknown method; make the zip with 'deflate'.",
    "too-many-files": "There are more files than this system reads at once; send them in parts.",
    "duplicate": "The same object was handed in before; it is used once.",
    "conflict": "Another object has the same SOP Instance UID but other content; "
    "it is set aside for a person to decide.",
    "too-slow": "Reading the file took too long and was stopped; export it again.",
}


class Refused(Exception):
    """Raised while one object is read; carries the reason code, becomes a Refusal."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail

    def at(self, where: str) -> Refusal:
        return refusal(where, self.code, self.detail)


def refusal(where: str, code: str, detail: str = "") -> Refusal:
    """Refusal with the sentence of its reason; ``detail`` names the value that was found."""
    sentence = REASONS[code]
    return Refusal(
        where=where, code=code, message=f"{sentence} Found: {detail}." if detail else sentence
    )
