"""Where two recorded values differ: told by the tracer's own package, because an exported test says it as well."""

from treadle.values.difference import Difference, differences, first_difference

__all__ = ["Difference", "differences", "first_difference"]
