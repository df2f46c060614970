"""Run every benchmark and print one line for each."""

import importlib
import sys

NAMES = ("capture", "load", "importing", "ingest", "opening", "stepping", "million", "replaying")


def main() -> None:
    """Run those that are named, or all."""
    for name in sys.argv[1:] or NAMES:
        importlib.import_module(f"tests.benchmarks.{name}").main()


main()
