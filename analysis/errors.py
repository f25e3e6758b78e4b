"""What can go wrong in an analysis, as a vocabulary.

AnalysisError
├── BadInput           the input cannot be used; the message says what, where and what to do
│   └── NothingToAnalyse   readable DICOM, but no perfusion series in it
├── StageFailed        a stage could not finish on usable input
│   └── Cancelled      the caller asked the pipeline to stop
└── ModelUnavailable   network weights are missing or their checksum does not match

Every message is one sentence a reader understands; it never holds patient data.
"""


class AnalysisError(Exception):
    """The analysis could not be done."""


class BadInput(AnalysisError):
    """The input cannot be used."""


class NothingToAnalyse(BadInput):
    """No first-pass perfusion series was found."""


class StageFailed(AnalysisError):
    """A stage of the analysis could not finish."""


class Cancelled(StageFailed):
    """The analysis was cancelled."""


class ModelUnavailable(AnalysisError):
    """Network weights are missing or damaged."""
