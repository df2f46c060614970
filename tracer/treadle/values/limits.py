"""How much of a value is written: everything that is longer, deeper or more says what was cut, and how much."""

DEEPEST = 80
MOST_CONTAINERS = 200_000
MOST_VALUES = 5_000_000
KEPT_ITEMS = 1_000
"""How many items of a collection are kept where there are more than can be written."""
KEPT_VALUES = 100_000
"""Of all collections that are too long, together."""
TOLD_CUTS = 10_000
MOST_UNITS = 1 << 27
"""Characters and bytes of one value together, however often the same text stands in it."""

LONGEST_TEXT = 1_000_000
LONGEST_BYTES = 10_000_000
"""What is kept whole within a record, and of a longer text its beginning."""
INLINE_BYTES = 65_536
"""What is longer goes to a blob, where there is somewhere to put one."""
LONGEST_BLOB_TEXT = 1 << 24
LONGEST_BLOB_BYTES = 1 << 25
LONGEST_INT_BITS = 1 << 16
LONGEST_PICKLE = LONGEST_BLOB_BYTES
MOST_DIGESTED = 1 << 26
"""How much of what is cut is digested: the whole of a 500 MB argument would stop the call for most of a second."""

MARGIN = 2_000
"""So much more of a text is looked at than is kept: a secret that is cut at the end must still be known as one."""
LONGEST_MESSAGE = 1_000_000
LONGEST_REPR = 200
LONGEST_KEY = 100
"""Of a dict's key in the path that a reason names."""

PLAIN_CHARACTERS = 12_800_000
PLAIN_SHARE = 64
"""What is plain is written as it is where its containers, each dividing its share of these characters among its items,
never have less than this for one: so neither cycles nor a list that is held many times over need be looked for."""
MOST_CLASSES = 10_000
"""Classes that are remembered: a program that makes one for each call must not be kept in memory by them."""
