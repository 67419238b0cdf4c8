"""A reader's own server for `wslearn serve package.module:Class`: find its class, make it, explain what fails."""

import inspect
import os
import sys
import sysconfig
import threading
import traceback
from importlib import import_module
from typing import Any, TypeGuard

import click

from wslearn.server import Server

#: What a server is told, and the attribute that has it where an `__init__` does not take it.
ATTRIBUTES = {"host": "host", "port": "wanted_port", "limits": "limits", "tls": "tls"}
#: After so many seconds, a reader is told what the command is waiting for: code at import may never end.
PATIENCE = 5.0
#: Folders whose code is nobody's own: Python's, and installed packages.
LIBRARIES = tuple(f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def server_class(name: str) -> type[Server]:
    """Return the class `Class` of the module in `package.module:Class`. Raises UsageError, which names what is wrong.

    The current folder comes last on Python's path, so that no file in it hides another module.
    """
    module_name, _, class_name = name.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), class_name)):
        raise click.UsageError(f"{name!r} isn't a class: write package.module:Class, such as my_chat:ChatServer.")
    if module_name.endswith(".py"):
        raise click.UsageError(f"write the module's name without .py: {module_name.removesuffix('.py')}:{class_name}.")
    module = _imported(module_name)
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "built into Python")
    place = f"{module_name} ({file})"
    try:
        found = getattr(module, class_name)
    except AttributeError:
        own = [one for one, value in vars(module).items() if _is_server(value) and value.__module__ == module_name]
        there = f"its servers are: {', '.join(own)}" if own else "it has no class that builds on Server"
        raise click.UsageError(f"the module {place} has no {class_name}; {there}.") from None
    except Exception as error:  # a module may have its own `__getattr__`
        raise click.UsageError(f"{name} could not be read: {_summary(error)}") from error
    if isinstance(found, Server):
        wanted = f"{module_name}:{type(found).__name__}"
        raise click.UsageError(f"{name} is an object, not a class: write {wanted}.")
    if not inspect.isclass(found):
        what = "a function" if inspect.isroutine(found) else f"of type {type(found).__name__}"
        asgi = any(base.__module__.startswith("starlette.") for base in type(found).__mro__)
        instead = f" This app runs with: uvicorn {name}." if asgi else ""
        raise click.UsageError(
            f"{name} is {what}. It must be a class that builds on Server: class MyServer(Server).{instead}"
        )
    if not _is_server(found):
        raise click.UsageError(f"{name} must be a class that builds on Server, such as class {class_name}(Server).")
    _check_methods(name, found)
    return found


def _check_methods(name: str, cls: type[Server]) -> None:
    """Raise UsageError for a class whose every connection would fail, or that cannot be made."""
    if cls.handler is Server.handler:
        raise click.UsageError(f"{name} has no handler: it needs a method `async def handler(self, ws):`.")
    handler = inspect.getattr_static(cls, "handler")
    if inspect.isfunction(handler):  # not a static method, nor what a decorator has made of it
        try:
            inspect.signature(handler).bind(None, None)
            fits = not inspect.isasyncgenfunction(handler)
        except TypeError:
            fits = False
        if not fits:
            raise click.UsageError(f"the handler of {name} must be `async def handler(self, ws):`, without `yield`.")
    if inspect.iscoroutinefunction(cls.__init__):
        raise click.UsageError(f"{cls.__name__}.__init__ must be a plain method: write def without async.")


def takes(cls: type[Server], option: str) -> bool:
    """Return whether a class takes this keyword argument."""
    parameters = _parameters(cls)
    return option in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def made(cls: type[Server], **given: Any) -> Server:
    """Return a server of this class, with what is `given`. Raises UsageError if that is not enough, or fails."""
    missing = [
        name for name, one in _parameters(cls).items()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and name not in given
    ]  # fmt: skip
    if missing:
        raise click.UsageError(
            f"{cls.__name__}.__init__ needs {' and '.join(missing)}, which this command cannot give: add a default."
        )
    taken = {name: value for name, value in given.items() if takes(cls, name)}
    try:
        server = cls(**taken)
    except (Exception, SystemExit) as error:
        raise click.UsageError(f"{cls.__name__}() failed: {_summary(error)}") from error
    if not hasattr(server, "connections"):
        raise click.UsageError(f"{cls.__name__}.__init__ must begin with super().__init__().")
    for name in given.keys() - taken.keys():
        setattr(server, ATTRIBUTES[name], given[name])
    return server


def _parameters(cls: type[Server]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(cls).parameters)


def _is_server(value: object) -> TypeGuard[type[Server]]:
    return inspect.isclass(value) and issubclass(value, Server)


def _imported(name: str) -> Any:
    try:
        here = os.path.realpath(os.curdir)
    except OSError:  # it has been removed
        raise click.UsageError(f"no module {name}: the current folder no longer exists.") from None
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != here or _has_this_package(entry)]
    sys.path.append(here)
    waiting = threading.Timer(PATIENCE, click.echo, [f"The module {name} is still being imported …"], {"err": True})
    waiting.daemon = True
    waiting.start()
    try:
        return import_module(name)
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise click.UsageError(f"there is no module {error.name}: it must be in {here}, or installed.") from None
        raise click.UsageError(f"the module {name} could not be imported: {_summary(error)}") from error
    except BaseException as error:  # SystemExit too
        raise click.UsageError(f"the module {name} could not be imported: {_summary(error)}") from error
    finally:
        waiting.cancel()


def _has_this_package(folder: str) -> bool:
    """Return whether wslearn itself is imported from this folder, as in a checkout."""
    return os.path.realpath(folder) == os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def _summary(error: BaseException) -> str:
    """Return what was raised, and in which line of the reader's file."""
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({error.filename}, line {error.lineno})."
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(("<frozen ", __file__, *LIBRARIES))]
    return f"{what} ({own[-1].filename}, line {own[-1].lineno})." if own else f"{what}."
