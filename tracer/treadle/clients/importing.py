"""Patching a module when the program imports it: at once where it is imported already.

One finder stands before the others and knows nothing but the names it waits for. The module's real loader does the
loading and stays the module's loader; the patch is applied right after it.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from treadle import guard

Patch = Callable[[ModuleType], None]

_waiting: dict[str, Patch] = {}
_patched: set[str] = set()


def when_imported(name: str, patch: Patch) -> None:
    """Apply a patch to a module once, now or when it is imported."""
    if name in _patched or name in _waiting:
        return
    _waiting[name] = patch
    if (module := sys.modules.get(name)) is not None:
        _apply(name, module)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _apply(name: str, module: ModuleType) -> None:
    patch = _waiting.pop(name, None)
    if patch is not None:
        _patched.add(name)
        guard.attempt(lambda: patch(module))


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _waiting:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := _asked(finder, fullname, path, target)) is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """Loads with the module's own loader, then patches."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _apply(module.__name__, module)


def _asked(
    finder: Any, fullname: str, path: Sequence[str] | None, target: ModuleType | None
) -> importlib.machinery.ModuleSpec | None:
    find = getattr(finder, "find_spec", None)
    return find(fullname, path, target) if find is not None else None
