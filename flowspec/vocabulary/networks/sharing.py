"""Sharing: one set of parameters for many uses, with what tells the uses apart (NanoFlow, Lee et al. 2020)."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from pydantic import Field

from flowspec.vocabulary.rules import LARGEST_SIZE, Entering, Fault, Ports, Shape, Site, Tensor
from flowspec.vocabulary.word import Net, NetworkWord

Count = Annotated[int, Field(ge=1, le=LARGEST_SIZE)]


class Share(NetworkWord, word="share"):
    """`share(NET, across=K)`: the K uses of NET have one set of parameters; what stands outside is each use's own.

    The uses are the iterations of the `repeat` (or `for`) that encloses it, and the set belongs to what encloses that.
    `embed` gives each use an embedding e of its own and says where it enters: `concat` appends `size` channels of it to the
    input (`normalise`: after an actnorm of its own), `bias` adds a projection W e + b at every site inside NET (W and b are
    shared), `gate` multiplies the site's channels, by exp(d) with d = 0 at the start (`gates=exp`) or by a factor that starts
    at 1 (`gates=plain`). Sites are the `modulate`s in NET and those that a word has of its own, as `wavenet` does. `rows`
    stores more rows of gates than there are sites.
    """

    network: Net
    across: Count
    embed: tuple[Literal["concat", "bias", "gate"], ...] = ()
    size: Count | None = None
    normalise: bool = False
    gates: Literal["exp", "plain"] = "exp"
    rows: Count | None = None

    body = "sequence"
    joins = False

    def check(self, sites: tuple[Site, ...]) -> None:
        """Raises Fault where embedding, size and sites (in order) do not fit together."""
        wanted = [name for name in ("bias", "gate") if name in self.embed]
        if wanted and not sites:
            raise Fault("FS603", f"`embed={'+'.join(self.embed)}` enters at `modulate` sites, and the shared network has none", argument="embed",
                        help=("write `modulate` in the network where it should enter, as in `net NAME { conv(3, 8); modulate; relu }`",))  # fmt: skip
        if sites and not wanted:
            raise Fault("FS603", "the shared network has `modulate` sites, and nothing enters at them", argument="embed",
                        help=("or take `modulate` out of the network",), arguments={"embed": "+".join((*self.embed, "gate"))})  # fmt: skip
        if self.size is None and {"concat", "bias"} & set(self.embed):
            raise Fault("FS205", "an embedding that enters by `concat` or `bias` needs a `size`", argument="embed", arguments={"size": "1"})
        gates = [site.gate for site in sites]
        if "gate" in self.embed and len(set(gates)) > 1:
            raise Fault("FS603", f"gates need sites of equal channels; found {', '.join(map(str, gates))}", argument="embed",
                        help=(f"give the layers before each `modulate` the same width, as {gates[0]}, or take out those of another width",))  # fmt: skip

    def embedding(self, input: Shape) -> Shape:
        """The shape of one use's embedding: `size` channels at every position if it is concatenated, else a vector."""
        if not {"concat", "bias"} & set(self.embed):
            return ()
        return (self.size or 0, *input[1:]) if "concat" in self.embed else (self.size or 0,)

    def entering(self, input: Shape) -> Entering:
        """What enters at the sites of the shared network."""
        projected = prod(self.embedding(input)) if "bias" in self.embed else None
        return Entering(embedding=projected, gate="gate" in self.embed)

    def entered(self, input: Shape) -> Shape:
        """The shape that enters the shared network."""
        return (input[0] + (self.size or 0), *input[1:]) if "concat" in self.embed else input

    def gather(self, input: Shape, outputs: tuple[Shape, ...]) -> Shape:
        return outputs[-1]

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        """One use's own. Deployed, an embedding is kept where it is concatenated, and the bias vectors it gives are cached."""
        tensors, shape, sites = [], self.embedding(ports.input), ports.sites
        if shape:
            cached = sum(site.bias for site in sites) if "bias" in self.embed else 0
            kept = prod(shape) if "concat" in self.embed else 0
            tensors.append(Tensor(name="embedding", shape=shape, deployed_entries=kept + cached))
        if "concat" in self.embed and self.normalise:
            tensors += [Tensor(name=name, shape=(shape[0],)) for name in ("bias", "log_scale")]
        if "gate" in self.embed:
            rows, live = max(self.rows or 0, len(sites)), sum(site.gate for site in sites if site.gate_reaches)
            tensors.append(Tensor(name="gate", shape=(rows, sites[0].gate), live_entries=live))
        return tuple(tensors)


class Modulate(NetworkWord, word="modulate"):
    """A site where the embedding of a shared network's use enters: y = gate * (x + W e + b), as `share` declares.

    W and b are the site's own and shared by the uses; they are there if the embedding enters by `bias`.
    """

    keeps_shape = True

    def sites(self, ports: Ports) -> tuple[Site, ...]:
        return (Site(bias=ports.input[0], gate=ports.input[0]),)

    def parameters(self, ports: Ports) -> tuple[Tensor, ...]:
        size = ports.entering.embedding if ports.entering else None
        if size is None:
            return ()
        return (
            Tensor(name="weight", shape=(ports.input[0], size), deployed_entries=0),
            Tensor(name="bias", shape=(ports.input[0],), deployed_entries=0),
        )
