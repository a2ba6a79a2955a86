"""VAE with a flow prior and a flow decoder (Morrow & Chiu 2020): what each flow brings, beside a Glow of the same training time."""

from __future__ import annotations

from replications.table import Row, Table

from flowspec.vocabulary.settings.runs import Source


def _rows(model: dict[str, object], glow: dict[str, object], steps: int) -> tuple[Row, ...]:
    """Rows of as many steps in all; of the staged ones half go to each phase."""
    return (
        Row("VAE", "vae_small", model | {"couplings": 0, "depth": 0}, "", 2 * steps),
        Row("VAE, flow prior", "vae_small", model | {"depth": 0}, "118 s/epoch", 2 * steps),
        Row("VAE, two flows", "vae_small", model, "140 s/epoch, FID 42.14, <= 3.17 bits/dim", steps),
        Row("Glow", "glow_small", glow, "512 s/epoch, FID 46.90, 3.35 bits/dim", 2 * steps),
    )


CROPS = {"side": 8, "channels": 3, "pixel_levels": 256}
DIGITS = {"side": 8, "channels": 1, "pixel_levels": 17}
BASE = {"base": 8}
TABLES = {
    "vae-digits": Table(
        "VAE with flows (Morrow & Chiu 2020), Table 4 in small: 8x8 digits", "bits/dim",
        _rows(DIGITS | BASE, DIGITS | {"levels": 2, "steps": 4, "width": 64}, 400), Source(name="digits"), 400, 64,
    ),
    "vae-crops": Table(
        "VAE with flows (Morrow & Chiu 2020), Table 4 in small: 8x8 crops in colour", "bits/dim",
        _rows(CROPS | BASE | {"latent": 16, "depth": 8}, CROPS | {"steps": 4}, 300),
        Source(name="crops", arguments={"size": 8, "train": 6_400, "validation": 500, "test": 1_000}), 300, 64,
    ),
}  # fmt: skip
