"""Names that are loaded later: once, from their module, and no others."""

import sys
from types import ModuleType

import pytest

from wslearn.common.later import loaded_later


def test_a_name_is_loaded_when_it_is_first_used_and_stays(monkeypatch):
    package, home = ModuleType("a_package"), ModuleType("its_home")
    home.Thing = thing = object()
    monkeypatch.setitem(sys.modules, "a_package", package)
    package.__getattr__ = loaded_later("a_package", {"Thing": "its_home"})
    with pytest.raises(ModuleNotFoundError, match="its_home"):  # so it was not loaded before
        _ = package.Thing
    monkeypatch.setitem(sys.modules, "its_home", home)
    assert package.Thing is thing
    monkeypatch.delitem(sys.modules, "its_home")
    assert package.Thing is thing
    with pytest.raises(AttributeError, match=r"^module 'a_package' has no attribute 'thing'$"):
        _ = package.thing
