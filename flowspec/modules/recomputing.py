"""Computing again: a module's activations are forgotten, and computed from its input when gradients are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from flowspec.modules.networks.sharing import reached
from flowspec.modules.priors.gaussian import Moments
from flowspec.modules.transforms import Given


class Checkpointed:
    """A step or prior that keeps what enters it only (Chen et al. 2016): each direction runs twice, with the same noise."""

    def __init__(self, module: nn.Module):
        self.module = module

    def __call__(self, x: Tensor | tuple[Tensor, ...], given: Given = ()) -> tuple:
        return self._twice(self.module, x, given)

    def with_terms(self, x: Tensor, given: Given = ()) -> tuple:
        """As the module's."""
        return self._twice(self.module.with_terms, x, given)

    def inverse(self, z: Tensor | tuple[Tensor, ...], given: Given = ()) -> tuple:
        """As the module's."""
        return self._twice(self.module.inverse, z, given)

    def with_expectations(self, x: Tensor, given: Given = ()) -> tuple:
        """As the module's."""
        return self._twice(self.module.with_expectations, x, given)

    def expected_log_prob(self, moments: Moments, given: Given = ()) -> Tensor:
        """As the module's."""
        return self._twice(self.module.expected_log_prob, moments, given)

    def log_prob(self, z: Tensor, given: Given = ()) -> Tensor:
        """As the module's."""
        return self._twice(self.module.log_prob, z, given)

    def _twice(self, run: Callable, x: Tensor | tuple[Tensor, ...], given: Given) -> tuple | Tensor:
        if not torch.is_grad_enabled():
            return run(x, given)
        return checkpoint(run, x, given, use_reentrant=False, context_fn=lambda: (nullcontext(), again(self.module)))


@contextmanager
def again(*modules: nn.Module) -> Iterator[None]:
    """What runs here has run before: batch normalisation reads the batch, and does not count it in its running statistics."""
    norms = {part for module in modules for part in reached(module) if isinstance(part, _BatchNorm)}
    before = {norm: (norm.momentum, norm.num_batches_tracked) for norm in norms}
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, count) in before.items():
            norm.momentum, norm.num_batches_tracked = momentum, count
