"""Specs changed at random: whatever comes of them is a checked flow or a list of faults, soon, and in little memory.

`python tools/fuzz.py -n 100000 --seed 0` mutates the shipped specs, the cases of the error corpus and the examples of the codes, by
characters, words, lines and pieces of one another, and makes specs of random calls of every word, in worker processes that have a
limit of time and memory for each text.
Tracebacks, hangs and killed workers are written to a folder, each as the text that showed it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import resource
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

SECONDS, MEGABYTES = 2.0, 500
BATCH = 50
MUTATED = 0.75
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(Path(__file__).parent))
WORD = re.compile(r"\s+|\w+(?:\.\d+)?|\.\.|>>|//|[<>=!]=|.")
SIGNS = "(){}[]<>=+-*/%^,;:.#\"'\\\n\t \0\u00a0“”−é∞\U0001f600@$&|!~`0123456789abcxyz_"
STRANGE = (
    "0", "-1", "1e15", "10000", "999_999_999", "0.5", "1e-300", "1e308", "true", "none", "[]", "[1, [2]]", "[a: 1]", '""', "()", "given=", "inverse {", "}",
    "repeat 10000 {", "1..10000", "len", "min()", "64^64", "tap x[]", "split(half)", "merge(a)", "if true {", "else {", "half", "x[-1]", "x[:2]", "as (a, b)",
    "expect parameters < x", "expect shape == [1]", "share(", "modulate", "prior", "data(moons)", "train(epochs=1) {", "phase p(lr=0) {", "use \"a.flow\"",
)  # fmt: skip


class Found(NamedTuple):
    """A text that did what none should do."""

    kind: str
    text: str
    detail: str


class Seeds(NamedTuple):
    """The texts that are changed."""

    sound: list[str]
    faulty: list[str]

    def choose(self, random: Random) -> str:
        """A text: one that is sound as often as not."""
        return random.choice(random.choice(self))


def seeds() -> Seeds:
    """The shipped specs, the corpus of faults and the examples of the codes."""
    from flowspec.codes import codes

    specs, cases = ([path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.flow"))] for folder in ("specs", "tests/errors/cases"))
    examples = [code for code in codes().values() if code.wrong.is_spec]
    return Seeds(specs + [code.right.text for code in examples], cases + [code.wrong.text for code in examples])


def mutated(random: Random, texts: Seeds) -> str:
    """One text with a few changes."""
    text = texts.choose(random)
    for _ in range(random.choice((1, 1, 2, 4))):
        change = random.choice((_characters, _words, _words, _lines, _splice))
        text = change(random, text, texts.choose(random))
    return text[:20_000]


def _characters(random: Random, text: str, other: str) -> str:
    at, length = random.randint(0, len(text)), random.choice((0, 1, 1, 3))
    return text[:at] + "".join(random.choices(SIGNS, k=random.choice((0, 1, 1, 2)))) + text[at + length :]


def _words(random: Random, text: str, other: str) -> str:
    words = WORD.findall(text) or [""]
    i, j = random.randrange(len(words)), random.randrange(len(words))
    match random.choice(("delete", "swap", "double", "copy", "strange", "foreign")):
        case "swap":
            words[i], words[j] = words[j], words[i]
        case "double":
            words[i] = f"{words[i]} {words[i]}"
        case "copy":
            words[i] = words[j]
        case "strange":
            words[i] = f" {random.choice(STRANGE)} "
        case "foreign":
            words[i] = random.choice(WORD.findall(other) or [""])
        case _:
            words[i] = ""
    return "".join(words)


def _lines(random: Random, text: str, other: str) -> str:
    lines, others = text.split("\n"), other.split("\n")
    i, j = random.randrange(len(lines)), random.randrange(len(lines))
    match random.choice(("delete", "swap", "double", "foreign")):
        case "swap":
            lines[i], lines[j] = lines[j], lines[i]
        case "double":
            lines.insert(i, lines[j])
        case "foreign":
            lines.insert(i, random.choice(others))
        case _:
            del lines[i]
    return "\n".join(lines)


def _splice(random: Random, text: str, other: str) -> str:
    start = random.randint(0, len(other))
    at = random.randint(0, len(text))
    return text[:at] + other[start : start + random.randint(1, 200)] + text[at:]


class Late(BaseException):
    """The time of a text is over."""


def try_text(text: str) -> Found | str:
    """What becomes of a text: `sound` or `faulty`, or what should not be."""
    from flowspec.diagnostics import SpecError
    from flowspec.rendering import github, jsonl, sarif
    from flowspec.rendering.text import render
    from flowspec.source import Source
    from flowspec.spec import compile_source

    try:
        spec = compile_source(Source("fuzz.flow", text), ROOT / "tests" / "errors" / "cases", {})
        render(spec.warnings, spec.sources)
        return "sound"
    except SpecError as error:
        if not error.diagnostics:
            return Found("silent", text, "refused without a fault")
        sources = getattr(error, "sources", {})
        for form in (render, jsonl.render, github.render, sarif.render):
            form(error.diagnostics, sources)
        return "faulty"
    except Late:
        return Found("hang", text, f"more than {SECONDS} s")
    except MemoryError:
        return Found("memory", text, f"more than {MEGABYTES} MB")
    except Exception:
        return Found("traceback", text, traceback.format_exc())


def try_all(job: tuple[int, int]) -> tuple[Counter[str], list[Found]]:
    """A batch of texts, from the seed of the whole and the number of the batch."""
    from random_calls import random_spec

    random, texts, counts, found = Random(f"{job[0]}.{job[1]}"), seeds_once(), Counter(), []
    for _ in range(BATCH):
        text = mutated(random, texts) if random.random() < MUTATED else random_spec(random)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            result = try_text(text)
        except Late:
            result = Found("hang", text, f"more than {SECONDS} s")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        counts[result if isinstance(result, str) else result.kind] += 1
        found += [result] if isinstance(result, Found) else []
    return counts, found


@cache
def seeds_once() -> Seeds:
    """The seeds, read once in each worker."""
    return seeds()


def prepare() -> None:
    """In each worker: all is imported, then memory and time are bounded."""
    import flowspec.data
    import flowspec.rendering.sarif
    import flowspec.spec
    import flowspec.vocabulary  # noqa: F401  the words register themselves

    def late(*_: object) -> None:
        raise Late

    try_text("flow f { input vector(2)\nprior gaussian }")
    signal.signal(signal.SIGPROF, late)
    with open("/proc/self/statm") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEGABYTES * 2**20,) * 2)


def run(number: int, seed: int, workers: int, progress: bool = False) -> Iterator[tuple[Counter[str], list[Found]]]:
    """The results of so many texts, batch by batch."""
    jobs = [(seed, batch) for batch in range(-(-number // BATCH))]
    with multiprocessing.get_context("fork").Pool(workers, prepare, maxtasksperchild=100) as pool:
        for done, result in enumerate(pool.imap_unordered(try_all, jobs), 1):
            if progress and done % 20 == 0:
                print(f"\r{done * BATCH:_} texts", end="", file=sys.stderr, flush=True)
            yield result


def main() -> int:
    """Runs as the command line says; 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, default=10_000, help="texts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("fuzz"), help="the folder for what is found")
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    number = 0
    for some, found in run(arguments.n, arguments.seed, arguments.workers, progress=sys.stderr.isatty()):
        counts += some
        for number, one in enumerate(found, number + 1):
            tell(one, number, arguments.out)
    print(", ".join(f"{count:_} {kind}" for kind, count in sorted(counts.items())))
    return int(number > 0)


def tell(found: Found, number: int, folder: Path) -> None:
    """Keeps what was found as soon as it is, so that nothing is lost of a run that is stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{found.kind}{number}.flow").write_text(found.text, encoding="utf-8", errors="surrogatepass")
    print(f"{found.kind}{number}: {found.detail.strip().splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
