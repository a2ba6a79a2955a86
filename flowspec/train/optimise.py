"""Optimisers of the settings' words in torch, and the average of the parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from flowspec.train.tensors import of_module
from flowspec.vocabulary.settings import optimizers as words

FUSED_ON = ("cuda", "cpu", "mps")


def optimizer(word: words.Optimizer, parameters: Iterable[nn.Parameter]) -> Optimizer:
    """The torch optimiser of a word."""
    chosen = list(parameters)
    common = {"lr": word.lr, "weight_decay": word.weight_decay}
    match word:
        case words.SGD():
            return torch.optim.SGD(chosen, momentum=word.momentum, **common, **_fused(chosen))
        case words.Adamax():
            return torch.optim.Adamax(chosen, betas=(word.beta1, word.beta2), eps=word.eps, **common)
        case words.AdamW():
            return torch.optim.AdamW(chosen, betas=(word.beta1, word.beta2), eps=word.eps, **common, **_fused(chosen))
        case words.Adam():
            adam = torch.optim.Adam
            return adam(chosen, betas=(word.beta1, word.beta2), eps=word.eps, amsgrad=word.amsgrad, **common, **_fused(chosen))
    raise NotImplementedError(f"no torch optimiser is known for `{word.word}`")


def _fused(parameters: list[nn.Parameter]) -> dict[str, bool]:
    return {"fused": all(parameter.device.type in FUSED_ON and parameter.is_floating_point() for parameter in parameters)}


def optimizer_tensors(optimizer: Optimizer, names: Mapping[nn.Parameter, str]) -> dict[str, Tensor]:
    """An optimiser's state as tensors: `optimizer/<key>/<parameter>`."""
    return {
        f"optimizer/{key}/{names[parameter]}": torch.as_tensor(value)
        for parameter, state in optimizer.state.items()
        for key, value in state.items()
        if value is not None
    }


def restore_optimizer(optimizer: Optimizer, values: Mapping[str, Tensor], names: Mapping[nn.Parameter, str]) -> None:
    """Gives an optimiser the state that `optimizer_tensors` took."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    number = {names[parameter]: i for i, parameter in enumerate(parameters)}
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in values.items():
        if key.startswith("optimizer/"):
            _, field, name = key.split("/", 2)
            state.setdefault(number[name], {})[field] = _laid_out(value, parameters[number[name]])
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out(value: Tensor, parameter: nn.Parameter) -> Tensor:
    """A value in the memory order of its parameter, which fused optimisers take for granted."""
    return torch.empty_like(parameter.detach(), dtype=value.dtype).copy_(value) if value.shape == parameter.shape else value


class Average:
    """An exponential average of a flow's parameters (Polyak & Juditsky 1992): a <- decay * a + (1 - decay) * parameter.

    Early on the decay is (1 + n) / (10 + n) at the n-th update, so that the start is soon forgotten.
    """

    def __init__(self, flow: nn.Module, decay: float):
        self.decay, self.updates = decay, 0
        self.values = {name: parameter.detach().clone() for name, parameter in flow.named_parameters()}

    @torch.no_grad()
    def update(self, flow: nn.Module) -> None:
        """Takes the parameters after a step into the average; that of what stands still does so too."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for name, parameter in flow.named_parameters():
            if parameter.requires_grad:
                self.values[name].lerp_(parameter.detach(), 1 - decay)

    @torch.no_grad()
    def give(self, flow: nn.Module) -> None:
        """The flow's parameters become the average."""
        for name, parameter in flow.named_parameters():
            parameter.copy_(self.values[name])

    @torch.no_grad()
    def swap(self, flow: nn.Module) -> None:
        """Exchanges the flow's parameters with the average; twice leaves both as they were."""
        for name, parameter in flow.named_parameters():
            kept = parameter.detach().clone()
            parameter.copy_(self.values[name])
            self.values[name].copy_(kept)


@contextmanager
def averaged(flow: nn.Module, average: Average | None) -> Iterator[None]:
    """The flow has its average parameters inside, where the run keeps an average."""
    if average is not None:
        average.swap(flow)
    try:
        yield
    finally:
        if average is not None:
            average.swap(flow)


def names_of(flow: nn.Module) -> dict[nn.Parameter, str]:
    """The path of each parameter, the first where a shared one has several."""
    return {tensor: name for name, tensor in of_module(flow).items() if isinstance(tensor, nn.Parameter)}
