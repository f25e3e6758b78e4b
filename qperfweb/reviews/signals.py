"""What this package announces; packages above listen."""

from django.dispatch import Signal

reading_signed = Signal()
"""A reading was signed. Sent inside the transaction that signs, with ``reading``."""
