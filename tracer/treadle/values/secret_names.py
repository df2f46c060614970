"""Names whose values are secrets: of dictionary keys, fields, headers, variables and options, by their whole words.

`api_key` and `X-Api-Key` are such names; `max_tokens`, `next_page_token`, `secretary` and `password_hint` are none.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS = frozenset(
    {
        "password", "passwords", "passwd", "pwd", "passphrase", "passcode", "secret", "secrets", "apikey", "apikeys",
        "authorization", "credential", "credentials", "cookie", "dsn", "pgpassword",
    }
)  # fmt: skip
_KEY_QUALIFIERS = frozenset(
    {
        "access", "account", "api", "app", "application", "auth", "client", "deploy", "encryption", "hmac", "license",
        "master", "private", "root", "secret", "service", "signing", "ssh", "storage", "subscription", "write", "x",
    }
)  # fmt: skip
_TOKEN_QUALIFIERS = frozenset(
    {
        "access", "api", "app", "auth", "authorization", "bearer", "bot", "client", "csrf", "deploy", "github",
        "gitlab", "hf", "hub", "id", "identity", "jwt", "login", "oauth", "personal", "refresh", "secret", "security",
        "service", "session", "slack", "user", "webhook", "x", "xsrf",
    }
)  # fmt: skip
_ABOUT_IT = frozenset(
    {
        "arn", "count", "description", "enabled", "endpoint", "error", "errors", "expiry", "expires", "field", "file",
        "format", "generator", "header", "help", "hint", "label", "length", "limit", "location", "manager", "message",
        "name", "path", "placeholder", "policy", "prefix", "prompt", "provider", "required", "reset", "rotation",
        "santa", "source", "status", "strength", "title", "type", "uri", "url", "version",
    }
)  # fmt: skip
"""A name that ends in one of these says something about a secret: `password_policy`, `token_type`."""
_BESIDE_A_MODELS_TOKEN = frozenset({"logprob", "top_logprobs", "token_id", "prob", "probability"})
"""Where one of these stands beside it, `token` is a piece of text that a model made."""
_ENVIRONMENT_WORDS = frozenset(
    {"KEY", "KEYS", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "DSN", "CREDENTIAL", "CREDENTIALS", "PAT"}
)
_ENVIRONMENT_ENDS = ("APIKEY", "PASSWORD", "SECRET", "TOKEN")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether a value under this key is a secret: by whole words, so that `max_tokens` stays."""
    words = [word.lower() for word in _WORDS.findall(name[:200])]
    if not words or words[-1] in _ABOUT_IT:
        return False
    if not _SECRET_WORDS.isdisjoint(words):
        return True
    if any(second in ("key", "keys") and first in _KEY_QUALIFIERS for first, second in pairwise(words)):
        return words[-1] != "id" or "access" in words
    return words[-1] == "token" and (len(words) == 1 or not _TOKEN_QUALIFIERS.isdisjoint(words))


def is_secret_field(name: str, value: str, beside: Mapping[str, Any]) -> bool:
    """Tell whether a text is a secret, by its name and by what stands beside it."""
    if not is_secret_name(name):
        return False
    lowered = name.lower()
    if lowered == "token":
        return _BESIDE_A_MODELS_TOKEN.isdisjoint(beside)
    return "=" in value if lowered in ("cookie", "set-cookie") else True


def is_secret_variable(name: str) -> bool:
    """Tell whether an environment variable's name says that it holds a secret."""
    words = name.upper().split("_")
    return any(word in _ENVIRONMENT_WORDS or word.endswith(_ENVIRONMENT_ENDS) for word in words)
