#!/usr/bin/env python3
"""Compares Tianyan with live NEURON and with known solutions; `make validate` runs it.

    validation/run.py              everything
    validation/run.py hh rallpack  the checks whose names hold one of these words
    validation/run.py --list       their names

Prints a line for each figure and ends with 1 if one misses its bound.
"""
import argparse
import sys
import time
import traceback

import compare
import microcircuit
import convergence
import points
import rallpack
import rings
import shipped
import small
import sonata
import worm

CHECKS = {**small.CHECKS, **convergence.CHECKS, **points.CHECKS, **microcircuit.CHECKS, **rallpack.CHECKS, **rings.CHECKS, **worm.CHECKS, **shipped.CHECKS, **sonata.CHECKS}


def chosen(words):
    """The checks whose names hold one of the words; all without words."""
    return {name: check for name, check in CHECKS.items() if not words or any(word in name for word in words)}


def line(check, figure, value, bound, verdict):
    """A line of the table."""
    print(f"{check:<28} {figure:<34} {value:>12} {bound:>20}  {verdict}", flush=True)


def bound_text(figure):
    """The bound in words."""
    if figure.at_least == float("-inf"):
        return f"<= {figure.bound:.3g}"
    if figure.bound == float("inf"):
        return f">= {figure.at_least:.3g}"
    return f"{figure.at_least:.3g} .. {figure.bound:.3g}"


def run(name, check):
    """Runs a check and prints its figures; false if one misses its bound."""
    started = time.monotonic()
    try:
        figures = check()
    except compare.Skipped as reason:
        line(name, str(reason), "", "", "skipped")
        return True
    except compare.Failed as reason:
        line(name, "could not run", "", "", "FAIL")
        print("  " + str(reason).replace("\n", "\n  "), flush=True)
        return False
    except Exception:  # a broken check must not hide the others
        line(name, "broken", "", "", "FAIL")
        traceback.print_exc()
        return False
    for figure in figures:
        line(name, figure.name, f"{figure.value:.3g}", bound_text(figure), "ok" if figure.passed else "FAIL")
    took = time.monotonic() - started
    if took > 60.0:
        print(f"{'':<28} ({took:.0f} s)", flush=True)
    return all(figure.passed for figure in figures)


def main():
    parser = argparse.ArgumentParser(description="Compares Tianyan with live NEURON and known solutions.")
    parser.add_argument("words", nargs="*", help="parts of the names of checks; all checks without any")
    parser.add_argument("--list", action="store_true", help="print the names of the checks")
    options = parser.parse_args()
    checks = chosen(options.words)
    if options.list or not checks:
        print("\n".join(CHECKS))
        return 0 if options.list else 2
    line("check", "figure", "value", "bound", "")
    failed = [name for name, check in checks.items() if not run(name, check)]
    print(f"{len(checks) - len(failed)} of {len(checks)} checks passed" + "".join(f"\n  failed: {name}" for name in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
