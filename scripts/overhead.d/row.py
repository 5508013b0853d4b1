"""Prints one row of the table of scripts/overhead, from files with one number a round.

    row.py WHAT UNIT SUBJECT TARGET WITH [WITHOUT]

WITH and WITHOUT are files; round n of one belongs to round n of the other. SUBJECT
says what the target and the middle half speak of: `value`, the rounds of WITH;
`ratio`, WITH divided by WITHOUT; `difference`, WITH less WITHOUT; `share`, that
difference as per cent of a third file's numbers, in place of a fourth argument
`WITHOUT:WHOLE`. TARGET is `<= N`, `>= N` or empty. Without a row, prints the head.
"""

import statistics
import sys

WIDTHS = (50, 4, 9, 9, 9, 17, 9, 3)
HEAD = ("", "unit", "without", "with", "compared", "middle half", "target", "met")


def read(path):
    with open(path, encoding="ascii") as lines:
        return [float(line) for line in lines]


def text(value, places=4):
    """A number with so many digits that count, and no exponent."""
    if abs(value) >= 10 ** (places - 1):
        return f"{value:.0f}"
    digits = f"{value:.{places}g}"
    return digits if "e" not in digits else f"{value:.6f}"


def line(cells):
    first, *others = zip(cells, WIDTHS)
    cells = [f"{first[0]:<{first[1]}}"] + [f"{cell:>{width}}" for cell, width in others]
    return "| " + " | ".join(cells) + " |"


def subject_of(subject, with_, without, whole):
    pairs = list(zip(with_, without))
    if subject == "ratio":
        return [a / b for a, b in pairs]
    if subject == "difference":
        return [a - b for a, b in pairs]
    if subject == "share":
        return [100 * (a - b) / c for (a, b), c in zip(pairs, whole)]
    return with_


def compared(subject, median):
    if subject == "ratio":
        return f"x {text(median)}"
    if subject == "difference":
        return f"{median:+.4g}"
    return f"{text(median, 3)} %" if subject == "share" else ""


def is_met(median, target):
    if not target:
        return ""
    relation, limit = target.split()
    met = median <= float(limit) if relation == "<=" else median >= float(limit)
    return "yes" if met else "NO"


def row(what, unit, subject, target, with_path, others=""):
    without_path, _, whole_path = others.partition(":")
    with_ = read(with_path)
    without = read(without_path) if without_path else []
    values = subject_of(subject, with_, without, read(whole_path) if whole_path else [])
    median = statistics.median(values)
    middle = ""
    if len(values) >= 4:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        middle = f"{text(low, 3)}..{text(high, 3)}"
    return line(
        (
            what,
            unit,
            text(statistics.median(without)) if without else "",
            text(statistics.median(with_)),
            compared(subject, median),
            middle,
            target,
            is_met(median, target),
        )
    )


def main():
    if len(sys.argv) == 1:
        print(line(HEAD))
        print("|" + "|".join("-" * (width + 1) + (":" if i else "-") for i, width in enumerate(WIDTHS)) + "|")
    else:
        print(row(*sys.argv[1:]))


main()
