"""Values to tagged JSON and back: `encode` in the traced program, `view` for looking, `revive` in a replay's child."""

from treadle.values.digest import digest
from treadle.values.encode import Encoded, encode
from treadle.values.view import plain

__all__ = ["Encoded", "digest", "encode", "plain"]
