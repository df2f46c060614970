"""Ten lines to try Treadle on, with nothing else installed: `python examples/ten_lines.py`, then `treadle`.

One of the three prices is wrong. Which step made it so?
"""

import treadle


@treadle.trace
def price(text: str) -> float:
    """Return what an order costs with 20 percent tax, in euros."""
    return round(read_amount(text) * 1.2, 2)


@treadle.trace
def read_amount(text: str) -> float:
    """Return the number in a text such as "12.50 EUR"."""
    return float("".join(character for character in text if character.isdigit() or character == "."))


if __name__ == "__main__":
    for order in ("12.50 EUR", "EUR 8", "9,90 EUR"):
        print(f"{order} costs {price(order)} with tax")
