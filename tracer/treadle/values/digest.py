"""Digests of tagged JSON, by which a replayed call finds its recorded one.

Keys and sets are sorted; addresses, line numbers and reprs do not count. A value that could not be recorded counts
as its type only, as does one that was pickled, and makes the match an assumption.
"""

from hashlib import blake2b
from typing import Any

import orjson

TAG = "$"
DIGEST_BYTES = 16
KEPT_OF_CUT = (TAG, "of", "dtype", "shape", "mode", "size", "digest")
"""What counts of a value that was cut, where the digest of all of it is known."""


def digest(tagged: bytes) -> tuple[str, bool]:
    """Return the digest in hex, and whether it assumes anything about values that were not recorded."""
    if b'"$"' not in tagged:
        tree, assumed = orjson.loads(tagged), False
    else:
        tree, assumed = _canonical(orjson.loads(tagged))
    exact = orjson.dumps(tree, option=orjson.OPT_SORT_KEYS)
    return blake2b(exact, digest_size=DIGEST_BYTES).hexdigest(), assumed


def _canonical(tree: Any) -> tuple[Any, bool]:
    if isinstance(tree, list):
        pairs = [_canonical(item) for item in tree]
        return [item for item, _ in pairs], any(assumed for _, assumed in pairs)
    if not isinstance(tree, dict):
        return tree, False
    tag = tree.get(TAG)
    if tag in ("opaque", "pickle"):  # equal objects are pickled in more than one way
        return {TAG: tag, "type": tree.get("type")}, True
    if tag == "hidden":
        return {TAG: tag}, True
    if tag == "cut" and "digest" in tree:
        return {name: tree[name] for name in KEPT_OF_CUT if name in tree}, False
    pairs_by_key = {key: _canonical(value) for key, value in tree.items() if tag != "closure" or key != "line"}
    canonical: Any = {key: value for key, (value, _) in pairs_by_key.items()}
    if tag == "dict":
        canonical["v"] = sorted(canonical["v"], key=orjson.dumps)
    return canonical, tag == "cut" or any(assumed for _, assumed in pairs_by_key.values())
