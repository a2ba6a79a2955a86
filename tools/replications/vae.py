"""VAE with a flow prior and a flow decoder (Morrow & Chiu 2020): what each flow and each phase brings, beside a Glow."""

from __future__ import annotations

import json
from pathlib import Path
from time import process_time

from replications.table import Row, Table

from flowspec.vocabulary.settings.runs import Source

SAMPLES = 1000


def _frechet(run: Path) -> float:
    """The Fréchet distance of samples from the test images, by the features that need no file."""
    from flowspec.train.quality import frechet
    from flowspec.train.run import open_run

    flow, data, seed = open_run(run)
    return frechet(flow, data, SAMPLES, "digits" if flow.input_state.shape[0] == 1 else "random", seed=seed).distance


def _sharpness(run: Path) -> float:
    """How much a pixel of samples differs from its neighbours' mean, over the same of test images: 1 is as sharp as data."""
    import torch
    from torch.nn.functional import avg_pool2d

    from flowspec.train.pictures import draw
    from flowspec.train.run import open_run

    def roughness(images: torch.Tensor) -> float:
        values = images.float()
        return float((values - avg_pool2d(values, 3, 1, 1, count_include_pad=False)).abs().mean())

    flow, data, seed = open_run(run)
    return roughness(draw(flow, data.test, seed, SAMPLES)) / roughness(data.test.x)


def _step(run: Path, steps: int = 8) -> float:
    """Milliseconds of one core that a step takes, the mean over the phases of the run."""
    import torch

    from flowspec.train.objective import Objective
    from flowspec.train.plan import plan
    from flowspec.train.run import open_run

    torch.set_num_threads(1)
    flow, data, _ = open_run(run)
    agenda, means = plan(flow.checked.graph, len(data.train)), []
    for stage in agenda.stages:
        flow.requires_grad_(True)
        for module in flow.parts((*stage.frozen, *stage.bypassed)):
            module.requires_grad_(False)
        objective, times = Objective(flow.bypassing(stage.bypassed)), []
        for _ in range(steps):
            start = process_time()
            objective(data.train.x[: agenda.settings.batch], None)[0].backward()
            times.append(process_time() - start)
        means.append(1000 * sorted(times)[steps // 2])
    return sum(means) / len(means)


def _divergence(run: Path) -> float | None:
    """Nats by which the posterior differs from the prior on test images: what the latent says of an image; None without a latent."""
    terms = json.loads((run / "result.json").read_text())["test"]["terms"]
    of_latents = ("vae.posterior", "prior_flow.log_det", "log_prior")
    return -sum(terms[name]["nats"] for name in of_latents if name in terms) if "vae.posterior" in terms else None


MEASURES = {"KL, nats": _divergence, "Fréchet distance": _frechet, "sharpness": _sharpness, "ms/step": _step}


def _rows(model: dict[str, object], glow: dict[str, object]) -> tuple[Row, ...]:
    joint = model | {"training": "joint"}
    return (
        Row("VAE", "vae_small", model | {"couplings": 0, "depth": 0}, ""),
        Row("VAE, flow prior", "vae_small", model | {"depth": 0}, "118 s/epoch"),
        Row("VAE, two flows", "vae_small", model, "140 s/epoch, FID 42.14, <= 3.17 bits/dim"),
        Row("joint", "vae_small", joint, "sec. 3.4: poorer, Glow takes over"),
        Row("joint, light KL", "vae_small", joint | {"kl_weight": 0.01}, "sec. 3.4: no better"),
        Row("staged, joint", "vae_small", model | {"training": "staged_then_joint"}, "sec. 3.4: better bound, worse FID"),
        Row("Glow", "glow_small", glow, "512 s/epoch, FID 46.90, 3.35 bits/dim"),
    )


CROPS = {"side": 8, "channels": 3, "pixel_levels": 256}
DIGITS = {"side": 8, "channels": 1, "pixel_levels": 17}
BASE = {"base": 8}
TABLES = {
    "vae-digits": Table(
        "VAE with flows (Morrow & Chiu 2020), Table 4 in small: digits", "bits/dim",
        _rows(DIGITS | BASE, DIGITS | {"levels": 2, "steps": 4, "width": 64}), Source(name="digits"), 798, 64, measures=MEASURES,
    ),
    "vae-crops": Table(
        "VAE with flows (Morrow & Chiu 2020), Table 4 in small: images in colour", "bits/dim",
        _rows(CROPS | BASE | {"latent": 16, "depth": 8}, CROPS | {"steps": 4}),
        Source(name="crops", arguments={"size": 8, "train": 6_400, "validation": 500, "test": 1_000}), 600, 64, measures=MEASURES,
    ),
}  # fmt: skip
