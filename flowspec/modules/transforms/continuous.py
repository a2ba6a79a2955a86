"""Continuous flows (FFJORD, Grathwohl et al. 2019)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from flowspec.modules.jacobians import estimated_trace, exact_trace
from flowspec.modules.solvers import ConvergenceError
from flowspec.modules.transforms import Given, TransformModule
from flowspec.vocabulary.rules import Shape, State
from flowspec.vocabulary.transforms import continuous

with torch.device("cpu"):  # its tables are made where it is first imported, which may be under the meta device
    from torchdiffeq import odeint, odeint_adjoint


class Continuous(TransformModule):
    """The state and its log-det are solved for together, from time 0 to T and back."""

    word: continuous.Continuous

    def __init__(self, word: continuous.Continuous, x: State, given: tuple[Shape, ...], networks: dict[str, nn.Module]):
        super().__init__(word, x, given, networks)
        if word.learn_time:
            self.root_time = nn.Parameter(torch.tensor(math.sqrt(word.time)))

    def forward(self, x: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return self._solved(x, given, backwards=False)

    def inverse(self, z: Tensor, given: Given = ()) -> tuple[Tensor, Tensor]:
        return self._solved(z, given, backwards=True)

    def _solved(self, x: Tensor, given: Given, *, backwards: bool) -> tuple[Tensor, Tensor]:
        if any(getattr(module, "needs_start", False) for module in self.dynamics.modules()):
            self._evaluate_at_start(x, given)
        start = x.to(torch.promote_types(x.dtype, torch.float32))
        end = self.root_time.to(start.dtype).square() if self.word.learn_time else start.new_tensor(self.word.time)
        times = torch.stack((torch.zeros_like(end), end))
        state = start, start.new_zeros(len(start))
        equation = self._equation(torch.randn_like(start), given, x.dtype)
        # The dynamics are known to the rounding of x only: a solver asked for less would make ever smaller steps.
        tolerance = max(self.word.tolerance, torch.finfo(x.dtype).eps)
        options = dict(method=self.word.solver, rtol=tolerance, atol=tolerance)
        try:
            if self.word.gradient == "adjoint":
                learned = tuple(tensor for tensor in (*self.dynamics.parameters(), *given) if tensor.requires_grad)
                options["adjoint_params"] = learned
            solve = odeint_adjoint if self.word.gradient == "adjoint" else odeint
            states, log_dets = solve(equation, state, times.flip(0) if backwards else times, **options)
        except AssertionError as error:
            raise ConvergenceError(f"the solver gave up ({error}): the dynamics may be too steep for a tolerance of {self.word.tolerance:g}") from None
        return states[-1].to(x.dtype), log_dets[-1]

    @torch.no_grad()
    def _evaluate_at_start(self, x: Tensor, given: Given) -> None:
        """Gives layers that take their first values from data the state at time 0: within a derivative they could not take them."""
        self.dynamics(x, (x.new_zeros(len(x), 1), *given))

    def _equation(self, noise: Tensor, given: Given, dtype: torch.dtype):  # noqa: ANN202
        """(t, (x, log_det)) -> their derivatives."""

        def derivatives(t: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            def moves(x: Tensor) -> Tensor:
                return self.dynamics(x.to(dtype), (t.to(dtype).expand(len(x), 1), *given)).to(x.dtype)

            velocity, pull = torch.func.vjp(moves, state[0])
            trace = exact_trace(pull, state[0]) if self.word.trace == "exact" else estimated_trace(pull, noise)
            return velocity, trace

        return derivatives
