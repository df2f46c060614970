"""Attributes as they may be written; a model's span without a function says which of them lost a secret by that.

It is asked again by what they hold, and what is left of a masked text is another.
"""

from typing import TYPE_CHECKING, Any

from treadle.kinds import ASKED_KINDS
from treadle.values.redact import Redactor

if TYPE_CHECKING:
    from treadle.call import Call

MASKED = "treadle.masked"
"""The attribute that names them."""


def written(call: "Call", attributes: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    """Return the attributes of a call's end as they may be written."""
    kept = redactor.attributes(attributes)
    if call.traced is not None or call.kind not in ASKED_KINDS or redactor.is_the_users:
        return kept
    was = attributes.get
    masked = [name for name, value in kept.items() if value is not was(name) and value != was(name)]
    return {**kept, MASKED: masked} if masked else kept
