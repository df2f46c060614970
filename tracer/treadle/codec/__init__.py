"""Values to tagged JSON and back: `encode` in the traced program, `view` for looking, `revive` in a replay's child."""

from treadle.codec.digest import digest
from treadle.codec.encode import Encoded, encode
from treadle.codec.view import plain

__all__ = ["Encoded", "digest", "encode", "plain"]
