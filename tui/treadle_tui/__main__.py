"""`python -m treadle_tui` is `treadle`."""

from treadle_tui.cli import main

main()
