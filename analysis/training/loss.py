"""Weighted cross-entropy plus soft intersection over union (Xue 2020a)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def segmentation_loss(
    logits: Tensor, labels: Tensor, class_weights: Tensor, *, edge_weight: float = 0.0
) -> Tensor:
    """Scalar loss of logits (B, C, H, W) against labels (B, H, W) or shares (B, C, H, W).

    edge_weight: how much more the cross-entropy of a pixel counts where its label or a neighbour's
    is not that of all the eight around it; 0 counts all alike.

    The overlap is counted over the whole batch, so that a sample without a cavity or without a
    right ventricle gives no division by zero and no reward for an empty class.
    """
    truth = labels
    if labels.ndim == 3:
        truth = functional.one_hot(labels, logits.shape[1]).movedim(-1, 1)
    truth = truth.to(logits.dtype)
    weights = (truth * class_weights.view(1, -1, 1, 1)) * (1 + edge_weight * edges(truth))
    # Divided by the classes' weights alone: the edges' weight shall add, not only shift.
    counted = torch.einsum("bchw,c->", truth, class_weights)
    cross_entropy = -(weights * logits.log_softmax(dim=1)).sum() / counted
    probabilities = logits.softmax(dim=1)
    overlap = (probabilities * truth).sum(dim=(0, 2, 3))
    union = (probabilities + truth - probabilities * truth).sum(dim=(0, 2, 3))
    similarity = (overlap[1:] + 1) / (union[1:] + 1)
    return cross_entropy + 1 - torch.mean(similarity)


def edges(shares: Tensor) -> Tensor:
    """How much (B, 1, H, W), 0-1, the classes' shares (B, C, H, W) change within a pixel."""
    highest = functional.max_pool2d(shares, 3, stride=1, padding=1)
    lowest = -functional.max_pool2d(-shares, 3, stride=1, padding=1)
    return (highest - lowest).amax(dim=1, keepdim=True)
