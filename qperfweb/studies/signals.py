"""What this package announces; who analyses studies listens (packages below never call above)."""

from django.dispatch import Signal

study_received = Signal()
"""Objects of a study arrived. Sent inside intake's transaction with ``study`` and ``settle_now``
(True: the sender says that the study is complete)."""

classification_corrected = Signal()
"""A person corrected what a series is. Sent with ``study``, ``user`` and ``reason``."""
