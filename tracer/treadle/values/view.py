"""The viewer's decoder: tagged JSON to what a person reads, importing nothing."""

from base64 import b64decode
from typing import Any

import orjson

TAG = "$"
_MARK = b'"$"'


def plain(tagged: bytes) -> bytes:
    """Return the payload with its tags unwrapped, as JSON; the same object where there are none."""
    if _MARK not in tagged:
        return tagged
    return orjson.dumps(unwrap(orjson.loads(tagged)))


def unwrap(tree: Any) -> Any:
    """Return a tree without tags: a tuple reads as a list, an object as its fields, a secret as its mask."""
    if isinstance(tree, list):
        return [unwrap(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if TAG not in tree:
        return {key: unwrap(value) for key, value in tree.items()}
    return _unwrap_tagged(str(tree[TAG]), tree)


def _unwrap_tagged(tag: str, tree: dict[str, Any]) -> Any:
    value = tree.get("v")
    if tag == "dict" and isinstance(value, list):
        return {_key(pair[0]): unwrap(pair[1]) for pair in value if isinstance(pair, list) and len(pair) == 2}
    if tag == "pydantic" and isinstance(value, dict):
        return unwrap({**value, **(tree.get("extra") or {})})
    if tag == "exception":
        return {"type": tree.get("type"), "message": unwrap(tree.get("message"))}
    if tag == "str" and isinstance(value, str):
        return b64decode(value).decode("utf-8", "replace")
    if tag == "opaque":
        return tree.get("repr")
    if tag == "env":
        return f"${{{value}}}"
    if tag == "hidden":
        return "… (hidden)"
    if tag == "cut" and value is None:
        return f"… ({tree.get('why')})"
    return unwrap(value)


def _key(tree: Any) -> str:
    key = unwrap(tree)
    return key if isinstance(key, str) else orjson.dumps(key).decode()
