"""The generator's version: changes whenever the same seed no longer gives the same data."""

from typing import Final

GENERATOR_VERSION: Final = "2"
