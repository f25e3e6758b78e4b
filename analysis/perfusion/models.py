"""The flow models that can be asked for by name."""

from __future__ import annotations

from typing import Final

from analysis.errors import BadInput
from analysis.perfusion import btex, fermi, one_compartment, patlak, two_compartment
from analysis.perfusion.kinetics import Model

MODELS: Final[dict[str, Model]] = {
    model.NAME: model for model in (btex, fermi, two_compartment, one_compartment, patlak)
}


def model_named(name: str) -> Model:
    """The model called ``name``; BadInput lists the known ones otherwise."""
    if name not in MODELS:
        raise BadInput(f"There is no flow model {name!r}; known are {', '.join(MODELS)}.")
    return MODELS[name]
