"""Lets a library be imported for its networks alone: modules that are not installed, or not wanted, become hollow.

    with hollow(wanted="super_gradients", always=["torch.utils.tensorboard"]):
        import super_gradients.training.models

A hollow module has every name, as a class that can be called, decorated with and inherited from, and that does nothing.
"""

import contextlib
import importlib.abc
import importlib.machinery
import sys
import types


class _Names(type):
    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing


class Nothing(metaclass=_Names):
    """Whatever a hollow module is asked for."""

    def __init__(self, *_, **__):
        pass

    def __call__(self, *args, **_):
        return args[0] if len(args) == 1 and callable(args[0]) else Nothing()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()


class _Module(types.ModuleType):
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing


class _Bare(_Module):
    """A package of which only the parts are there."""


class _Loader(importlib.abc.Loader):
    def create_module(self, spec):
        return _Module(spec.name)

    def exec_module(self, module):
        pass


class _Missing(importlib.abc.MetaPathFinder):
    """Comes last: only modules that nothing else finds get here."""

    def __init__(self, wanted):
        self.wanted = wanted

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == self.wanted or name.split(".")[0] in ("torch", "numpy"):
            return None
        return importlib.machinery.ModuleSpec(name, _Loader(), is_package=True)


@contextlib.contextmanager
def hollow(wanted=None, always=()):
    """Within, modules named `always` are hollow and, for the sake of the package `wanted`, all that are missing."""
    for name in always:
        sys.modules[name] = _Module(name)
        sys.modules[name].__spec__ = importlib.machinery.ModuleSpec(name, _Loader(), is_package=True)
    finder = _Missing(wanted)
    if wanted:
        sys.meta_path.append(finder)
    try:
        yield
    finally:
        if wanted:
            sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if type(module) is _Module]:
            del sys.modules[name]


def without_init(folder, *names):
    """Packages below `folder` whose own `__init__` is not run: what it would hold is hollow, what lies below is not."""
    for name in names:
        module = _Bare(name)
        module.__path__ = [f"{folder}/{name.replace('.', '/')}"]
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
