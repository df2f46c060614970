"""What a model call cost, by the list of prices that `genai-prices` carries; no network.

A price is looked up once for a model and a day (prices change, and have time windows); after that it is four
multiplications, for the library takes 0.1 ms a call. Prices in tiers go to the library each time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

DAY_NS = 86_400 * 10**9
Pricing: TypeAlias = Callable[[int, int, int, int], float]
"""Dollars for input, output, cache read and cache write tokens; the cached ones are part of the input."""
_PROBE = 1000


def cost_usd(
    model: str,
    *,
    provider: str | None,
    at_ns: int,
    input_tokens: int,
    output_tokens: int,
    cache_read: int,
    cache_write: int,
) -> float | None:
    """Return what a call cost, or None where nobody knows its price, or its counts make no sense."""
    pricing = _pricing(model, provider, at_ns // DAY_NS)
    if pricing is None or cache_read + cache_write > input_tokens:
        return None
    return pricing(input_tokens, output_tokens, cache_read, cache_write)


@lru_cache(maxsize=4096)
def _pricing(model: str, provider: str | None, day: int) -> Pricing | None:
    import genai_prices  # 0.2 s to import: loaded by the first priced call
    from genai_prices.types import TieredPrices

    at = datetime.fromtimestamp(day * DAY_NS / 10**9, UTC)

    def exact(input_tokens: int, output_tokens: int, cache_read: int, cache_write: int) -> float:
        usage = genai_prices.Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_read_tokens=cache_read,
            cache_write_tokens=cache_write,
        )
        found = genai_prices.calc_price(usage, model, provider_id=provider, genai_request_timestamp=at)
        return float(found.total_price)

    try:
        probe = genai_prices.calc_price(
            genai_prices.Usage(input_tokens=_PROBE, output_tokens=_PROBE),
            model,
            provider_id=provider,
            genai_request_timestamp=at,
        )
        if any(isinstance(price, TieredPrices) for price in vars(probe.model_price).values()):
            return exact
        fresh, output = exact(_PROBE, 0, 0, 0) / _PROBE, exact(0, _PROBE, 0, 0) / _PROBE
        read, write = exact(_PROBE, 0, _PROBE, 0) / _PROBE, exact(_PROBE, 0, 0, _PROBE) / _PROBE
    except (LookupError, ValueError):
        return None if provider is None else _pricing(model, None, day)

    def linear(input_tokens: int, output_tokens: int, cache_read: int, cache_write: int) -> float:
        uncached = input_tokens - cache_read - cache_write
        return uncached * fresh + output_tokens * output + cache_read * read + cache_write * write

    return linear
