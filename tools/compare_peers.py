"""Holds flowspec against other PyTorch libraries of normalizing flows: the likelihoods they reach, and their speed.

The peers are not dependencies; give them an environment of their own, apart from the one that flowspec is developed in:

    python -m venv /tmp/peers
    /tmp/peers/bin/pip install -e . zuko==1.6.0 tqdm
    /tmp/peers/bin/pip install --no-deps nflows==0.14 normflows==1.7.3 FrEIA==0.2 UMNN torchdiffeq pyro-ppl==1.9.2 pyro-api opt-einsum
    OMP_NUM_THREADS=1 /tmp/peers/bin/python tools/compare_peers.py likelihood
    OMP_NUM_THREADS=1 /tmp/peers/bin/python tools/compare_peers.py speed

Every library trains with the same fused Adam. Times are CPU times of one thread unless --threads says otherwise, taken in turn
(see peers/timing.py); only ratios of one run mean anything. A library that is not installed is left out, and said to be.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
warnings.filterwarnings("ignore", category=UserWarning)
logging.getLogger("torch._dynamo").setLevel(logging.ERROR)  # peers that break their graph say so at length

import click
import torch
from peers import likelihood as trained
from peers.models import MAKERS, TASKS, Candidate, CannotExpress, Task, make
from peers.timing import MEASURES, Times, interleaved

PAIRS = {
    "spline": (Task("nsf_ar"), {"zuko": "", "nflows": ""}),
    # zuko's scale is exp(r / (1 + |r| / 6.9)): bounded by the same number, by another function. That of nflows' couplings is
    # sigmoid(r + 2) + 0.001: it can only shrink, and its 0.001 is worth up to that many nats for each scale.
    "affine autoregressive": (Task("maf"), {"zuko": "scale=tanh, bound=6.9"}),
    "affine coupling": (Task("realnvp"), {"zuko": "scale=tanh, bound=6.9", "nflows": "scale=sigmoid"}),
}
"""What `likelihood` trains: the task, and the peers with the form of scale in flowspec that is theirs."""


@click.group(context_settings={"max_content_width": 120})
def main() -> None:
    """Holds flowspec against its peers."""


@main.command()
@click.option(
    "--transforms", default=3, show_default=True, help="Transforms of the autoregressive flows; couplings are twice as many."
)
@click.option("--hidden", default=128, show_default=True, help="Units of both hidden layers.")
@click.option("--bins", default=8, show_default=True)
@click.option("--steps", default=600, show_default=True)
@click.option("--batch", default=256, show_default=True)
@click.option("--lr", default=1e-3, show_default=True)
@click.option("--clip", default=float("inf"), show_default=True, help="Largest norm of the gradient.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(PAIRS)), help="Only this kind (may be repeated).")
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("likelihood.json"), show_default=True)
@click.option("--threads", default=1, show_default=True)
def likelihood(
    transforms: int, hidden: int, bins: int, steps: int, batch: int, lr: float, clip: float, seeds: int, kinds: tuple[str, ...],
    path: Path, threads: int,
) -> None:  # fmt: skip
    """Trains the same flows on 63-feature patches of photographs and tells the likelihoods of the test part."""
    from flowspec.data import load

    torch.set_num_threads(threads)
    data = load("patches", standardise=True)
    train, test = torch.from_numpy(data.train), torch.from_numpy(data.test)
    budget = trained.Budget(steps, batch, lr, clip)
    click.echo(
        f"{len(train)} patches of {train.shape[1]} features, {steps} steps of {batch}, Adam lr {lr:g}, {seeds} seeds, {threads} thread"
    )
    click.echo(f"{'flow':<22} {'library':<28} {'test nats, mean +- sd':>24} {'parameters':>12} {'CPU ms a step':>14}")
    rows = []
    for kind in kinds or PAIRS:
        task, peers = PAIRS[kind]
        count = transforms * 2 if task.kind == "realnvp" else transforms
        task = replace(task, features=train.shape[1], transforms=count, hidden=(hidden, hidden), bins=bins)
        ours = dict.fromkeys(peers.values())
        runs = [("flowspec", scale) for scale in ours] + [(name, "") for name in peers]
        for row in _trained_in_turn(runs, task, train, test, budget, seeds):
            row = {"kind": kind, **row}
            rows.append(row)
            mean, sd = trained.mean_and_sd(row["nats"])
            named = row["library"] + (f" ({row['scale']})" if row["scale"] else "")
            ms = f"{min(row['seconds']) * 1e3:14.1f}" if row["seconds"] else ""
            click.echo(f"{kind:<22} {named:<28} {mean:>15.3f} +- {sd:.3f} {row['parameters']:>12,} {ms}")
    settings = {
        "transforms": transforms,
        "hidden": hidden,
        "bins": bins,
        **vars(budget),
        "data": data.note,
        "log_scale": data.log_scale,
    }
    _write(path, {"settings": settings, "rows": rows})


def _trained_in_turn(
    runs: list[tuple[str, str]], task: Task, train: torch.Tensor, test: torch.Tensor, budget: trained.Budget, seeds: int
) -> list[dict]:
    """All runs with the first seed, then with the next: a slow minute of the machine meets all of them."""
    rows = {}
    for seed in range(seeds):
        for library, scale in runs:
            try:
                candidate = make(library, replace(task, scale=scale) if scale else task, seed)
            except (ImportError, CannotExpress) as fault:
                click.echo(f"{library}: {fault}", err=True)
                continue
            outcome = trained.train(candidate, train, test, budget, seed)
            row = rows.setdefault((library, scale), {
                "library": library, "scale": scale, "parameters": candidate.parameters, "nats": [], "initial": [], "seconds": [],
            })  # fmt: skip
            for name in ("nats", "initial", "seconds"):
                row[name].append(getattr(outcome, name))
    return list(rows.values())


@main.command()
@click.option("--task", "tasks", multiple=True, type=click.Choice(list(TASKS)), help="Only this task (may be repeated).")
@click.option(
    "--measure", "measures", multiple=True, type=click.Choice(list(MEASURES)), help="Only this measure (may be repeated)."
)
@click.option(
    "--library", "libraries", multiple=True, type=click.Choice(list(MAKERS)), help="Only this library (may be repeated)."
)
@click.option("--compile", "compiled", is_flag=True, help="Add candidates whose log_prob is compiled by torch.compile.")
@click.option("--rounds", default=9, show_default=True)
@click.option("--slot", default=0.2, show_default=True, help="Least seconds of a candidate in a round.")
@click.option("--most", default=60.0, show_default=True, help="Seconds after which a table begins no other round.")
@click.option("--threads", default=1, show_default=True)
@click.option("--json", "path", type=click.Path(path_type=Path), default=Path("speed.json"), show_default=True)
def speed(
    tasks: tuple[str, ...], measures: tuple[str, ...], libraries: tuple[str, ...], compiled: bool, rounds: int, slot: float, most: float,
    threads: int, path: Path,
) -> None:  # fmt: skip
    """Times a training step, log_prob and sampling; the last column is the time over that of the fastest peer."""
    torch.set_num_threads(threads)
    rows = []
    for name in tasks or TASKS:
        candidates = _candidates(TASKS[name], libraries or tuple(MAKERS))
        for measure in measures or MEASURES:
            able = {library: one for library, one in candidates.items() if measure != "sample" or one.sample is not None}
            calls = {library: MEASURES[measure](one, TASKS[name], one.log_prob) for library, one in able.items()}
            if compiled and measure != "sample":
                calls |= _compiled(TASKS[name], candidates, measure)
            if calls:
                rows += _table(name, measure, candidates, interleaved(calls, rounds, slot, most))
    _write(path, {"threads": threads, "rows": rows})


def _candidates(task: Task, libraries: tuple[str, ...]) -> dict[str, Candidate]:
    candidates = {}
    for library in libraries:
        try:
            candidates[library] = make(library, task)
            with torch.no_grad():
                candidates[library].log_prob(task.example())  # layers that start from data have started
        except ImportError as fault:
            click.echo(f"{library} is left out: {fault}", err=True)
        except CannotExpress:
            continue
    return candidates


def _compiled(task: Task, candidates: dict[str, Candidate], measure: str) -> dict:
    calls = {}
    for library, candidate in candidates.items():
        torch._dynamo.reset()
        call = MEASURES[measure](candidate, task, torch.compile(candidate.log_prob, dynamic=False))
        try:
            call()
        except Exception as fault:  # noqa: BLE001 - whatever a compiler meets in other people's code
            click.echo(f"{library} does not compile: {type(fault).__name__}", err=True)
            continue
        calls[f"{library} compiled"] = call
    return calls


def _table(task: str, measure: str, candidates: dict[str, Candidate], times: dict[str, Times]) -> list[dict]:
    """Prints and returns the rows; a compiled candidate is held against the fastest compiled peer, too."""
    peers = [name for name in times if not name.startswith("flowspec")]
    eager = [name for name in peers if " " not in name]
    fastest = min(eager or times, key=lambda name: times[name].median)
    overall = min(peers or times, key=lambda name: times[name].median)
    click.echo(f"\n{task}, {measure}: {'':<12} {'CPU ms':>10} {'x ' + fastest:>14} {'x ' + overall:>22} {'parameters':>12}")
    rows = []
    for name, found in times.items():
        candidate = candidates[name.split()[0]]
        ratio, of_all = found.over(times[fastest]), found.over(times[overall])
        click.echo(
            f"  {name:<28} {found.median * 1e3:>10.2f} {ratio:>14.2f} {of_all:>22.2f} {candidate.parameters:>12,}  {candidate.note}"
        )
        rows.append({
            "task": task, "measure": measure, "candidate": name, "cpu_seconds": found.rounds, "fastest": fastest, "ratio": ratio,
            "fastest_of_all": overall, "ratio_of_all": of_all, "parameters": candidate.parameters, "note": candidate.note,
        })  # fmt: skip
    return rows


def _write(path: Path, found: dict) -> None:
    found["versions"] = {"torch": torch.__version__}
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    click.echo(f"\nwritten: {path}")


if __name__ == "__main__":
    main()
