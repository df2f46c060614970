"""Named fields whose names may be anything: what `setattr`, `**extra` and `**keywords` take is no identifier."""

from typing import TYPE_CHECKING, Any

from treadle.values import bulk

if TYPE_CHECKING:
    from treadle.values.walk import Walk


def named_fields(walk: "Walk", held: dict[str, Any]) -> dict[str, Any]:
    """Return the trees of fields, under names that may be written."""
    plain_names = walk.redactor.plain_names
    if all(name in plain_names or walk.is_plain_key(name) for name in held):
        return walk.fields(held)
    written = {}
    for name, value in held.items():
        shown = written_name(walk, name)
        written[shown] = walk.child(shown, value)
    return written


def written_name(walk: "Walk", name: str) -> str:
    """Return a field's name, redacted and free of lone surrogates; where it is another, the value is not revived."""
    written = str(bulk.shown(walk.redactor.text(name)))
    if written != name:
        walk.refuse("the name of a field is no plain text")
    return written
