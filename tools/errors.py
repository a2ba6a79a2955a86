"""The full messages of the error corpus: `python tools/errors.py --update` writes one for each code, which a test compares.

Without `--update` the messages of the named cases are shown, or of all.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from flowspec.rendering.text import render  # noqa: E402  the tests, where the corpus is read, are no installed package
from tests.errors.corpus import CASES, faults  # noqa: E402
from tests.errors.test_golden import GOLDEN, messages  # noqa: E402


def update() -> None:
    """Writes the message of each code's case, and removes those of codes that are gone."""
    GOLDEN.mkdir(exist_ok=True)
    wanted = {GOLDEN / f"{code}.txt": message for code, message in messages().items()}
    for path in set(GOLDEN.glob("*.txt")) - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    print(f"{len(wanted)} messages in {GOLDEN.relative_to(ROOT)}")


def main() -> None:
    """Shows messages, or updates the golden ones."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="*", help="names of cases")
    parser.add_argument("--update", action="store_true", help="write the golden messages")
    arguments = parser.parse_args()
    if arguments.update:
        update()
        return
    for path in CASES:
        if not arguments.cases or path.stem in arguments.cases:
            print(f"{render(*faults(path))}\n")


if __name__ == "__main__":
    main()
