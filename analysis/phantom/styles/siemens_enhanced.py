"""Enhanced multi-frame objects as newer Siemens software sends them: one object per slice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage

from analysis.phantom.styles import common
from analysis.phantom.styles.common import Frame, SeriesContent
from analysis.phantom.uids import derived_uid
from analysis.phantom.values import SimulatedExam


def objects(exam: SimulatedExam) -> Iterator[tuple[str, Dataset]]:
    number = 10
    for acquisition in exam.acquisitions:
        study = common.study_dataset(exam, acquisition)
        study.SOPClassUID = EnhancedMRImageStorage
        study.Manufacturer = "Siemens Healthineers"
        study.ManufacturerModelName = "Simulated Vida"
        study.SoftwareVersions = "syngo MR XA simulated"
        study.DeviceSerialNumber = "0"
        for content in common.series_of(acquisition, number):
            name = f"{acquisition.condition}_{content.name}_PERF"
            uid = derived_uid(exam.study_instance_uid, "enhanced", content.number)
            yield f"{content.number:03d}_{name}/IM0001.dcm", _object(study, content, name, uid)
        number += 10


def _object(study: Dataset, content: SeriesContent, name: str, series_uid: str) -> Dataset:
    ds = Dataset()
    ds.update(study)
    uid = derived_uid(series_uid, 1)
    ds.file_meta = common.file_meta(EnhancedMRImageStorage, uid)
    ds.SOPInstanceUID = uid
    ds.SeriesInstanceUID = series_uid
    ds.SeriesNumber, ds.InstanceNumber = content.number, 1
    ds.SeriesDescription = ds.ProtocolName = name
    ds.ImageType = ["ORIGINAL", "PRIMARY", "PERFUSION", "NONE"]
    ds.AcquisitionNumber = 1
    first = content.frames[0].moment
    ds.AcquisitionDateTime = first.strftime("%Y%m%d%H%M%S.%f")
    ds.AcquisitionDuration = (content.frames[-1].moment - first).total_seconds()
    ds.ContentDate, ds.ContentTime = first.strftime("%Y%m%d"), first.strftime("%H%M%S.%f")
    ds.ContentQualification = "RESEARCH"
    ds.AcquisitionContrast = "PERFUSION"
    ds.ComplexImageComponent = "MAGNITUDE"
    ds.PixelPresentation = "MONOCHROME"
    ds.VolumetricProperties = "VOLUME"
    ds.VolumeBasedCalculationTechnique = "NONE"
    ds.ResonantNucleus = "1H"
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    ds.PresentationLUTShape = "IDENTITY"
    balanced = content.sequence.readout == "bssfp"
    ds.PulseSequenceName = "*tfi2d1" if balanced else "*tfl2d1"
    ds.EchoPulseSequence = "GRADIENT"
    ds.SteadyStatePulseSequence = "FREE_PRECESSION" if balanced else "NONE"
    ds.FrameOfReferenceUID = content.geometry.frame_of_reference_uid
    ds.NumberOfFrames = len(content.frames)
    ds.SharedFunctionalGroupsSequence = [_shared(content)]
    ds.PerFrameFunctionalGroupsSequence = [_frame(content, f) for f in content.frames]
    common.put_pixels(ds, np.stack([f.pixels for f in content.frames]))
    return ds


def _item(**elements: object) -> list[Dataset]:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return [item]


def _shared(content: SeriesContent) -> Dataset:
    geometry, sequence = content.geometry, content.sequence
    lines, factor = common.phase_encoding(content)
    group = Dataset()
    group.PixelMeasuresSequence = _item(
        PixelSpacing=list(geometry.pixel_spacing_mm), SliceThickness=geometry.thickness_mm
    )
    group.PlanePositionSequence = _item(
        ImagePositionPatient=[round(v, 6) for v in geometry.position_mm]
    )
    group.PlaneOrientationSequence = _item(
        ImageOrientationPatient=[
            round(v, 8) for v in (*geometry.row_direction, *geometry.column_direction)
        ]
    )
    group.MRFOVGeometrySequence = _item(
        InPlanePhaseEncodingDirection="COLUMN",
        MRAcquisitionFrequencyEncodingSteps=content.frames[0].pixels.shape[1],
        MRAcquisitionPhaseEncodingStepsInPlane=lines,
        PercentSampling=100.0,
        PercentPhaseFieldOfView=75.0,
    )
    group.MRModifierSequence = _item(
        InversionRecovery="YES",
        InversionTimes=[round(common.time_to_centre_ms(sequence), 2)],
        ParallelAcquisition="YES",
        ParallelReductionFactorInPlane=float(factor),
    )
    return group


def _frame(content: SeriesContent, frame: Frame) -> Dataset:
    sequence = content.sequence
    group = Dataset()
    group.FrameContentSequence = _item(
        FrameAcquisitionDateTime=frame.moment.strftime("%Y%m%d%H%M%S.%f"),
        FrameReferenceDateTime=frame.moment.strftime("%Y%m%d%H%M%S.%f"),
        FrameAcquisitionDuration=common.time_to_centre_ms(sequence),
        FrameAcquisitionNumber=frame.time_index,
        TemporalPositionIndex=frame.time_index,
        StackID="1",
        InStackPositionNumber=1,
        DimensionIndexValues=[1, 1, frame.time_index],
        FrameComments="PD" if frame.is_pd else "SR",
    )
    group.MRImageFrameTypeSequence = _item(
        FrameType=["ORIGINAL", "PRIMARY", "PERFUSION", "NONE"],
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
        ComplexImageComponent="MAGNITUDE",
        AcquisitionContrast="PERFUSION",
    )
    group.MREchoSequence = _item(EffectiveEchoTime=frame.te_ms)
    group.MRTimingAndRelatedParametersSequence = _item(
        RepetitionTime=sequence.tr_ms,
        FlipAngle=sequence.pd_flip_deg if frame.is_pd else sequence.flip_deg,
        EchoTrainLength=0,
    )
    group.CardiacSynchronizationSequence = _item(
        NominalCardiacTriggerDelayTime=round(frame.trigger_ms, 2),
        RRIntervalTimeNominal=round(frame.interval_ms, 1),
    )
    return group
