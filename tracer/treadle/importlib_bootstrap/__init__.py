"""The wrappers' own frames, in files whose path holds `importlib` and `_bootstrap`.

`warnings` and `logging` pass over frames of such files when they count `stacklevel`: without that, a warning inside a
traced function that is meant for its caller would name a line of ours. Nothing else in Python looks at the path.
"""
