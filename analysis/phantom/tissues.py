"""The tissues that fill a simulated body."""

from __future__ import annotations

from enum import IntEnum, auto


class Tissue(IntEnum):
    """Row of a tissue in the fraction stack; myocardium comes last, one row per flow level."""

    AIR = 0
    LUNG = auto()
    LUNG_VESSEL = auto()
    SKIN_FAT = auto()
    CHEST_MUSCLE = auto()
    RIB = auto()
    MEDIASTINAL_FAT = auto()
    DIAPHRAGM = auto()
    ABDOMEN_FAT = auto()
    LIVER = auto()
    SPLEEN = auto()
    STOMACH_WALL = auto()
    STOMACH_CONTENT = auto()
    KIDNEY = auto()
    BOWEL = auto()
    AORTA = auto()
    SPINE = auto()
    ATRIUM = auto()
    EPICARDIAL_FAT = auto()
    EFFUSION = auto()
    RV_WALL = auto()
    RV_BLOOD = auto()
    LV_BLOOD = auto()
    PAPILLARY = auto()
    MYOCARDIUM = auto()


FIXED_TISSUES = int(Tissue.MYOCARDIUM)
"""Tissues with one curve each; the rows from here on are flow levels of myocardium."""
