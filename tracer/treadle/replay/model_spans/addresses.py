"""Where requests to models go from this machine, and with which key.

Both come from its environment, never from a span: a store that somebody else made must not choose where a key goes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from treadle.errors import NotReplayableError
from treadle.replay.model_spans.reading import API

ANTHROPIC_VERSION = "2023-06-01"
_VARIABLES: Mapping[API, tuple[str, str]] = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
    "anthropic": ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
}
_USUAL_URLS: Mapping[str, str] = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
"""By the provider that a span names: nobody else's requests go there unless the user says so."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a request goes, and what it carries for that."""

    url: str
    headers: Mapping[str, str] = field(repr=False)


def address_of(api: API, provider: str | None, *, for_texts: bool) -> Address:
    """Return where this machine sends requests of an API; `provider` is the one that the span names.

    Raises:
        NotReplayableError: the environment does not say, or says it wrongly; the message names the variable.

    """
    url_variable, key_variable = _VARIABLES[api]
    base = os.environ.get(url_variable) or _USUAL_URLS.get(provider or "")
    if base is None:
        asked = f"it asked {provider}" if provider else "it does not say whom it asked"
        raise NotReplayableError(f"{asked}: say where the request may go, by setting {url_variable}")
    _check_url(base, url_variable)
    key = (os.environ.get(key_variable) or "").strip()
    if not key:
        raise NotReplayableError(f"there is no key for {urlsplit(base).hostname}: set {key_variable}")
    if not (key.isascii() and key.isprintable()):
        raise NotReplayableError(f"{key_variable} holds what no key does: a line break, or a letter beyond ASCII")
    if api == "anthropic":
        headers = {"x-api-key": key, "anthropic-version": ANTHROPIC_VERSION}
        return Address(f"{base.rstrip('/')}/v1/messages", headers)
    path = "embeddings" if for_texts else "chat/completions"
    return Address(f"{base.rstrip('/')}/{path}", {"authorization": f"Bearer {key}"})


def _check_url(base: str, variable: str) -> None:
    try:
        parts = urlsplit(base)
        is_fine = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine:
        raise NotReplayableError(f"{variable} is no address: write it as https://host/v1, without a name or password")
