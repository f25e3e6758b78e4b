"""What the standard requires of every enhanced MR object and readers of perfusion never look at.

Without it validators and strict archives refuse the object. The values are those of a gradient-echo
first-pass scan that nothing special was done to.
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from analysis.phantom.uids import derived_uid

_DIMENSIONS = ("StackID", "InStackPositionNumber", "TemporalPositionIndex")
_PIXEL_BANDWIDTH_HZ = 1000.0


def item(**elements: object) -> list[Dataset]:
    """A sequence of one item."""
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return [made]


def modules(ds: Dataset, series_uid: str) -> None:
    """Attributes of the object as a whole: acquisition, pulse sequence, dimensions."""
    ds.AcquisitionContextSequence = []
    ds.KSpaceFiltering = "NONE"
    ds.ApplicableSafetyStandardAgency = "IEC"
    ds.MRAcquisitionType = "2D"
    ds.MultiPlanarExcitation = "NO"
    ds.PhaseContrast = "NO"
    ds.TimeOfFlightContrast = "NO"
    ds.EchoPlanarPulseSequence = "NO"
    ds.SaturationRecovery = "YES"
    ds.SpectrallySelectedSuppression = "NONE"
    ds.OversamplingPhase = "NONE"
    ds.GeometryOfKSpaceTraversal = "RECTILINEAR"
    ds.SegmentedKSpaceTraversal = "SINGLE"
    ds.RectilinearPhaseEncodeReordering = "LINEAR"
    ds.NumberOfKSpaceTrajectories = 1
    uid = derived_uid(series_uid, "dimensions")
    ds.DimensionOrganizationSequence = item(DimensionOrganizationUID=uid)
    ds.DimensionIndexSequence = [
        item(
            DimensionOrganizationUID=uid,
            DimensionIndexPointer=Tag(keyword),
            FunctionalGroupPointer=Tag("FrameContentSequence"),
        )[0]
        for keyword in _DIMENSIONS
    ]


def shared_groups(group: Dataset, field_strength_t: float) -> None:
    """Functional groups that are the same for all frames."""
    heart = item(CodeValue="80891009", CodingSchemeDesignator="SCT", CodeMeaning="Heart")
    group.FrameAnatomySequence = item(FrameLaterality="U", AnatomicRegionSequence=heart)
    group.MRImagingModifierSequence = item(
        MagnetizationTransfer="NONE",
        BloodSignalNulling="NO",
        Tagging="NONE",
        TransmitterFrequency=round(42.577 * field_strength_t, 4),
        PixelBandwidth=_PIXEL_BANDWIDTH_HZ,
    )
    group.MRReceiveCoilSequence = item(
        ReceiveCoilName="Phantom",
        ReceiveCoilManufacturerName="",
        ReceiveCoilType="SURFACE",
        QuadratureReceiveCoil="NO",
    )
    group.MRTransmitCoilSequence = item(
        TransmitCoilName="Phantom", TransmitCoilManufacturerName="", TransmitCoilType="BODY"
    )
    group.MRAveragesSequence = item(NumberOfAverages=1.0)


def timing(group: Dataset) -> None:
    """Echo trains and safety, into the timing group that is there."""
    (one,) = group.MRTimingAndRelatedParametersSequence
    one.RFEchoTrainLength, one.GradientEchoTrainLength = 0, 0
    one.SpecificAbsorptionRateSequence = item(
        SpecificAbsorptionRateDefinition="IEC_WHOLE_BODY", SpecificAbsorptionRateValue=0.0
    )
    one.OperatingModeSequence = item(OperatingModeType="STATIC FIELD", OperatingMode="IEC_NORMAL")


def modifiers(group: Dataset) -> None:
    """What was not done to the signal, into the modifier group that is there."""
    (one,) = group.MRModifierSequence
    one.FlowCompensation = "NONE"
    one.T2Preparation = "NO"
    one.SpectrallySelectedExcitation = "NONE"
    one.SpatialPresaturation = "NONE"
    one.PartialFourier = "NO"
    one.ParallelAcquisitionTechnique = "OTHER"
    one.ParallelReductionFactorOutOfPlane = 1.0
    one.ParallelReductionFactorSecondInPlane = 1.0
