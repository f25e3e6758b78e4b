"""Weighted cross-entropy plus soft intersection over union (Xue 2020a)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def segmentation_loss(logits: Tensor, labels: Tensor, class_weights: Tensor) -> Tensor:
    """Scalar loss of logits (B, C, H, W) against labels (B, H, W).

    The overlap is counted over the whole batch, so that a sample without a cavity or without a
    right ventricle gives no division by zero and no reward for an empty class.
    """
    cross_entropy = functional.cross_entropy(logits, labels, weight=class_weights)
    probabilities = logits.softmax(dim=1)
    truth = functional.one_hot(labels, logits.shape[1]).movedim(-1, 1).to(probabilities.dtype)
    overlap = (probabilities * truth).sum(dim=(0, 2, 3))
    union = (probabilities + truth - probabilities * truth).sum(dim=(0, 2, 3))
    similarity = (overlap[1:] + 1) / (union[1:] + 1)
    return cross_entropy + 1 - torch.mean(similarity)
