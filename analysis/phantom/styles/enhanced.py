"""What enhanced multi-frame objects of any vendor share: module attributes, functional groups."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage

from analysis.domain import SliceGeometry
from analysis.phantom.styles import common, enhanced_required
from analysis.phantom.styles.common import Frame, SeriesContent
from analysis.phantom.styles.enhanced_required import item
from analysis.phantom.uids import derived_uid

_FRAME_TYPE = ["ORIGINAL", "PRIMARY", "PERFUSION", "NONE"]


def begin(
    study: Dataset, content: SeriesContent, series_uid: str, instance: int, frames: int
) -> Dataset:
    """An object without functional groups and pixels."""
    ds = Dataset()
    ds.update(study)
    uid = derived_uid(series_uid, instance)
    ds.file_meta = common.file_meta(EnhancedMRImageStorage, uid)
    ds.SOPClassUID, ds.SOPInstanceUID = EnhancedMRImageStorage, uid
    ds.SeriesInstanceUID, ds.InstanceNumber = series_uid, instance
    ds.ImageType = _FRAME_TYPE
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
    ds.EchoPulseSequence = "GRADIENT"
    balanced = content.sequence.readout == "bssfp"
    ds.SteadyStatePulseSequence = "FREE_PRECESSION" if balanced else "NONE"
    ds.FrameOfReferenceUID = content.geometry.frame_of_reference_uid
    ds.NumberOfFrames = frames
    first = content.frames[0].moment
    ds.AcquisitionDuration = (content.frames[-1].moment - first).total_seconds()
    enhanced_required.modules(ds, series_uid)
    return ds


def shared_group(study: Dataset, content: SeriesContent) -> Dataset:
    """The functional groups that no style varies from frame to frame."""
    group = Dataset()
    measures_group(group, content.geometry)
    field_of_view_group(group, content)
    enhanced_required.shared_groups(group, float(study.MagneticFieldStrength))
    return group


def plane_groups(group: Dataset, geometry: SliceGeometry) -> None:
    group.PlanePositionSequence = item(
        ImagePositionPatient=[round(v, 6) for v in geometry.position_mm]
    )
    group.PlaneOrientationSequence = item(
        ImageOrientationPatient=[
            round(v, 8) for v in (*geometry.row_direction, *geometry.column_direction)
        ]
    )


def measures_group(group: Dataset, geometry: SliceGeometry) -> None:
    group.PixelMeasuresSequence = item(
        PixelSpacing=list(geometry.pixel_spacing_mm), SliceThickness=geometry.thickness_mm
    )


def field_of_view_group(group: Dataset, content: SeriesContent) -> None:
    lines, _ = common.phase_encoding(content)
    group.MRFOVGeometrySequence = item(
        InPlanePhaseEncodingDirection="COLUMN",
        MRAcquisitionFrequencyEncodingSteps=content.frames[0].pixels.shape[1],
        MRAcquisitionPhaseEncodingStepsInPlane=lines,
        PercentSampling=100.0,
        PercentPhaseFieldOfView=75.0,
    )


def modifier_group(group: Dataset, content: SeriesContent, *, prepared: bool) -> None:
    """Saturation and acceleration; proton-density frames are not ``prepared``."""
    _, factor = common.phase_encoding(content)
    group.MRModifierSequence = item(
        InversionRecovery="YES" if prepared else "NO",
        ParallelAcquisition="YES",
        ParallelReductionFactorInPlane=float(factor),
    )
    if prepared:
        delay = round(common.time_to_centre_ms(content.sequence), 2)
        group.MRModifierSequence[0].InversionTimes = [delay]
    enhanced_required.modifiers(group)


def frame_groups(
    content: SeriesContent, frame: Frame, *, stack_id: str = "1", in_stack: int = 1, word: str = ""
) -> Dataset:
    """What differs from frame to frame. ``word``: its comment, "" for none."""
    sequence = content.sequence
    moment = frame.moment.strftime("%Y%m%d%H%M%S.%f")
    group = Dataset()
    group.FrameContentSequence = item(
        FrameAcquisitionDateTime=moment,
        FrameReferenceDateTime=moment,
        FrameAcquisitionDuration=common.time_to_centre_ms(sequence),
        FrameAcquisitionNumber=frame.time_index,
        TemporalPositionIndex=frame.time_index,
        StackID=stack_id,
        InStackPositionNumber=in_stack,
        DimensionIndexValues=[int(stack_id), in_stack, frame.time_index],
    )
    if word:
        group.FrameContentSequence[0].FrameComments = word
    group.MRImageFrameTypeSequence = item(
        FrameType=_FRAME_TYPE,
        PixelPresentation="MONOCHROME",
        VolumetricProperties="VOLUME",
        VolumeBasedCalculationTechnique="NONE",
        ComplexImageComponent="MAGNITUDE",
        AcquisitionContrast="PERFUSION",
    )
    group.MREchoSequence = item(EffectiveEchoTime=frame.te_ms)
    group.MRTimingAndRelatedParametersSequence = item(
        RepetitionTime=sequence.tr_ms,
        FlipAngle=sequence.pd_flip_deg if frame.is_pd else sequence.flip_deg,
        EchoTrainLength=0,
    )
    enhanced_required.timing(group)
    group.CardiacSynchronizationSequence = item(
        NominalCardiacTriggerDelayTime=round(frame.trigger_ms, 2),
        RRIntervalTimeNominal=round(frame.interval_ms, 1),
    )
    return group
