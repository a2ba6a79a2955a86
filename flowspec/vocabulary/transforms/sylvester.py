"""Sylvester flows."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from flowspec.vocabulary.amortised import Amortised
from flowspec.vocabulary.rules import Facts, Fault, State, Tensor, vector
from flowspec.vocabulary.word import Net

Count = Annotated[int, Field(ge=1)]


class Sylvester(Amortised, word="sylvester"):
    """z = x + Q R1 tanh(R2 Qᵀ x + b), the columns of Q orthonormal (van den Berg et al. 2018, eq. 13).

    `orthogonal`: Q has `width` columns (as many as features unless given), the orthonormal factor of `axes` (QR; the authors
    iterate towards the polar factor). `householder`: Q is the product of `reflections` (8 unless given) I - 2 v vᵀ / |v|².
    `triangular`: Q = I; a `reverse` between two steps is the authors' permutation.

    R1 is the part of `matrix` above its diagonal, R2 that of its transpose; the diagonals are tanh(diagonal1) and
    tanh(diagonal2), whose product is above -1, so that the map is a bijection (their theorem 2): triangular and increasing
    along Q, and so inverted coordinate by coordinate by iteration.
    """

    form: Literal["orthogonal", "householder", "triangular"] = "orthogonal"
    width: Count | None = None
    reflections: Count | None = None
    conditioner: Net | None = None

    @model_validator(mode="after")
    def _of_its_form(self) -> Self:
        for argument, form in (("width", "orthogonal"), ("reflections", "householder")):
            if getattr(self, argument) is not None and self.form != form:
                raise Fault("FS205", f"`{argument}` speaks of `sylvester({form})`", argument=argument, arguments={argument: None})
        return self

    def outputs(self, x: State) -> tuple[State, ...]:
        x = vector(self.word, x)
        if (self.width or 0) > x.channels:
            raise Fault("FS306", f"`sylvester` has {self.width} orthonormal columns, and only {x.channels} features arrive",
                        argument="width", arguments={"width": str(x.channels)})  # fmt: skip
        return (x,)

    @property
    def reflectors(self) -> int:
        """Reflections that make Q."""
        return self.reflections or 8

    def columns(self, x: State) -> int:
        """Columns of Q."""
        return self.width or x.channels

    def tensors(self, x: State) -> tuple[Tensor, ...]:
        d, m = x.channels, self.columns(x)
        basis = {
            "orthogonal": (Tensor(name="axes", shape=(d, m)),),
            "householder": (Tensor(name="reflectors", shape=(self.reflectors, d)),),
            "triangular": (),
        }
        return (
            *basis[self.form],
            # Its own diagonal is stored, as in the authors' code, and not used.
            Tensor(name="matrix", shape=(m, m), live_entries=m * (m - 1)),
            *(Tensor(name=name, shape=(m,)) for name in ("diagonal1", "diagonal2", "bias")),
        )

    def facts(self, x: State) -> Facts:
        return Facts(sampling="iterative")

    def multiply_adds(self, x: State) -> tuple[int, int]:
        d, m = x.channels, self.columns(x)
        turn = {"orthogonal": d * m, "householder": 2 * d * self.reflectors, "triangular": 0}
        cost = 2 * (turn[self.form] + m * m)
        return (cost, cost)
