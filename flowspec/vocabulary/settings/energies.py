"""Energies: densities that are known up to their constant, p(x) = exp(-U(x)) / Z, for flows that are trained by reverse KL."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from flowspec.vocabulary.rules import Fault
from flowspec.vocabulary.word import Word

Positive = Annotated[float, Field(gt=0)]


class Energy(Word, role="energy"):
    """U(x): x_BD -> U_B."""

    features: ClassVar[int | None] = None
    """How many it is a function of, where that is fixed."""

    def reach(self) -> float | None:
        """Half the side of a cube around 0 that holds all but a negligible part of exp(-U), if one is known."""
        return None


class _Plane(Energy):
    """An energy of the plane, which a wall keeps from leaking out of [-bound, bound]^2: sum_k max(0, |x_k| - bound)^2 is added."""

    features: ClassVar[int | None] = 2
    bound: Positive = 6.0

    def reach(self) -> float:
        return self.bound + 6


class U1(_Plane, word="u1"):
    """Two bows of a ring of radius 2: U = ((|x| - 2) / 0.4)² / 2 - log sum_(s=2,-2) exp(-((x_1 - s) / 0.6)² / 2)
    (Rezende & Mohamed 2015, Table 1)."""


class U2(_Plane, word="u2"):
    """A wave: U = ((x_2 - w_1) / 0.4)² / 2 with w_1 = sin(2 pi x_1 / 4) (Rezende & Mohamed 2015, Table 1).

    Like u3 and u4 it does not decay along x_1: only its `bound` makes it a density.
    """


class U3(_Plane, word="u3"):
    """A wave that splits: U = -log sum_(w=w_1, w_1 - w_2) exp(-((x_2 - w) / 0.35)² / 2) with
    w_2 = 3 exp(-((x_1 - 1) / 0.6)² / 2) (Rezende & Mohamed 2015, Table 1)."""


class U4(_Plane, word="u4"):
    """A wave beside a step of it: U = -log(exp(-((x_2 - w_1) / 0.4)² / 2) + exp(-((x_2 - w_1 + w_3) / 0.35)² / 2)) with
    w_3 = 3 sigmoid((x_1 - 1) / 0.3) (Rezende & Mohamed 2015, Table 1)."""


class Function(Energy, word="function"):
    """A function of the caller's, x_BD -> U_B in torch: `function("lattice.phi4")`.

    The name alone runs and imports nothing: the run must be given the function under this name (`energies=` in Python), or told
    to import it (`--energy lattice.phi4`). `within` is half the side of a square that holds exp(-U): for a function of the plane
    the constant Z is then taken by quadrature.
    """

    name: str
    within: Positive | None = None

    @model_validator(mode="after")
    def _dotted(self) -> Function:
        pieces = self.name.split(".")
        if len(pieces) < 2 or not all(piece.isidentifier() for piece in pieces):
            raise Fault("FS208", f"a function is named by its module: `module.name`; found `{self.name}`", argument="name",
                        arguments={"name": f'"energies.{self.name}"'} if self.name.isidentifier() else {}, help=("`energies` being the name of the module",))  # fmt: skip
        return self

    def reach(self) -> float | None:
        return self.within


AnyEnergy = Annotated[SerializeAsAny[Energy], BeforeValidator(Energy.read)]
