"""The debugger without a screen: position, moves, breakpoints, watches, diff and replay."""
