"""An exception of the program as plain data, rebuilt in the tests' process: class, arguments, text and attributes.

The description comes from a program and may say anything. It is rebuilt as one of Python's own classes, or a subclass of those it names.
"""
import builtins
import functools
import sys

from sandbox.values import Refused, decode, encode

NAME_LIMIT = 200
DEEPEST = 5
GROUPS = getattr(builtins, "BaseExceptionGroup", ())  # from Python 3.11 on
# Python's own modules whose exceptions programs raise; no other is imported for a description.
MODULES = """
    _csv _pickle _queue argparse array asyncio.exceptions binascii concurrent.futures._base configparser copy dataclasses decimal
    email.errors graphlib ipaddress json.decoder queue re shutil statistics struct subprocess tomllib urllib.error xml.etree.ElementTree
    zipfile zlib zoneinfo._common
""".split()


def name_of(error):
    return str(type(error).__name__)[:NAME_LIMIT]


def describe_item(item, depth):
    """[kind, ...] of something that an exception holds: a value, exceptions, or text for what is not plain data."""
    if isinstance(item, BaseException):
        return ["error", describe(item, depth + 1)]
    if type(item) in (list, tuple) and item and all(isinstance(part, BaseException) for part in item):
        return ["errors", [describe(part, depth + 1) for part in item]]
    try:
        return ["value", encode(item)]
    except Refused:
        return ["text", str(item)]


def attributes_of(error):
    """What can be read from it besides its arguments."""
    named = isinstance(error, (AttributeError, ImportError, NameError)) and getattr(error, "name", None) is not None
    return {**vars(error), **({"name": error.name} if named else {})}


def classes_of(kind):
    """[module, name, positions of its bases] of it and of the exceptions that it extends, each before its bases."""
    line = [each for each in kind.__mro__ if issubclass(each, BaseException)]
    return [[str(each.__module__), str(each.__qualname__)[:NAME_LIMIT], [line.index(base) for base in each.__bases__ if base in line]] for each in line]


def own_exceptions(scope):
    """The classes of exceptions that a program defines, by name."""
    return {name: classes_of(kind) for name, kind in scope.items() if isinstance(kind, type) and issubclass(kind, BaseException)}


def describe(error, depth=0):
    """Plain data. Raises whatever the program's own methods raise."""
    arguments = error.__reduce__()[1] if type(error).__reduce__ is not BaseException.__reduce__ else error.args
    if isinstance(error, GROUPS):
        arguments = (error.message, list(error.exceptions))
    return {
        "classes": classes_of(type(error)),
        "arguments": [describe_item(item, depth) for item in arguments],
        "attributes": [[name, describe_item(item, depth)] for name, item in attributes_of(error).items()],
        "text": str(error),
        "cause": None if error.__cause__ is None or depth >= DEEPEST else describe(error.__cause__, depth + 1),
    }


def own_class(module, name):
    """A class of Python's own; None if there is none of this name, or it is not an error."""
    if module != "builtins" and module not in MODULES:
        return None
    try:
        kind = vars(builtins if module == "builtins" else sys.modules.get(module) or __import__(module, fromlist=[name])).get(name)
    except ImportError:
        return None
    return kind if isinstance(kind, type) and issubclass(kind, BaseException) else None


def class_of(line):
    """The first in a line of classes; one that is not Python's own is created once."""
    made = {}
    for i in reversed(range(len(line))):
        module, name, bases = line[i]
        made[i] = own_class(module, name) or made_class(module, name, tuple(made[base] for base in bases if made[base] is not BaseException))
    return made[0]


@functools.lru_cache(None)
def made_class(module, name, bases):
    return type(name.split(".")[-1], bases or (Exception,), {"__module__": module, "__qualname__": name})


def item_of(described):
    kind, content = described
    if kind == "value":
        return decode(content)
    if kind == "error":
        return rebuild(content)
    return [rebuild(part) for part in content] if kind == "errors" else str(content)


def instance(kind, arguments):
    try:
        return kind(*arguments)
    except Exception:  # it needs other arguments
        error = kind.__new__(kind)
        error.args = tuple(arguments)
        return error


def with_attributes(error, attributes):
    for name, item in attributes:
        setattr(error, name, item)
    return error


def text_of(error):
    """None if its class cannot say: it misses what its constructor sets."""
    try:
        return str(error)
    except Exception:
        return None


def rebuild(described):
    """An exception like the one described. Raises something if this is not a description."""
    kind, text = class_of(described["classes"]), described["text"]
    arguments = [item_of(item) for item in described["arguments"]]
    attributes = [(name, item_of(item)) for name, item in described["attributes"]]
    error = with_attributes(instance(kind, arguments), attributes)
    if text_of(error) != text:  # it has its own text, or holds something that is not plain data
        kind = type(kind.__name__, (kind,), {"__module__": kind.__module__, "__str__": lambda self: text})
        error = with_attributes(instance(kind, arguments), attributes)
    if described["cause"] is not None:
        error.__cause__ = rebuild(described["cause"])
    return error
