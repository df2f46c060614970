"""In a process that a replay starts: its own main module, under the name by which the replay pickles what is in it."""

import sys

sys.modules[__name__] = sys.modules["__main__"]
