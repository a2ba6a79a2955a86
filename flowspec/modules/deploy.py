"""Deployment: the same flow with what only training needs folded away."""

from __future__ import annotations

import copy

from flowspec.modules.flow import Flow


def deploy(flow: Flow) -> Flow:
    """A copy that computes the same and stores what the report calls `deployed`.

    Weight norm is folded into the weights; the biases that embeddings gave are kept, and the projections and the embeddings
    that gave them are not. Modules say themselves how: first each use keeps what it reads of others (`cache`), then each
    module leaves out what nobody reads any more (`fold`).
    """
    deployed = copy.deepcopy(flow).requires_grad_(False).eval()
    for step in ("cache", "fold"):
        for module in tuple(deployed.modules()):
            if hasattr(type(module), step):  # an author may have named a network so
                getattr(module, step)()
    return deployed
