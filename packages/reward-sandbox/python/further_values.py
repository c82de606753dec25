"""Values that a program may return, and a test may pass, beyond the plain data of values.py: tests that are code see them as in Python.

Named tuples, dataclasses, enum members and subclasses of plain types travel as their data; a few exact types of Python's modules as
their parts; `range`, dict views and iterators that a test passes as their items. Coroutines and iterators of the program stay in its
process, which is asked for each result or item. So nothing that crosses can compare itself to what a test expects.
"""
import asyncio
import dataclasses
import enum
import functools
import json
import sys
from collections import namedtuple
from collections.abc import AsyncIterator, Coroutine, Iterator

from sandbox import values
from sandbox.values import Refused, decode, encode

MADE = {("decimal", "Decimal"), ("fractions", "Fraction"), *(("datetime", name) for name in ("date", "datetime", "time", "timedelta"))}
VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
BASES = {
    int: int.__int__,
    float: float.__float__,
    str: str.__str__,
    **{kind: lambda value, kind=kind: kind(kind.__iter__(value)) for kind in (tuple, list, set, frozenset)},
    dict: lambda value: dict(dict.items(value)),
}


class Kept:
    """Coroutines and iterators that the program has returned, by number."""

    def __init__(self):
        self.items, self.loop = [], None

    def encode(self, value, depth):
        for kind, name in ((Coroutine, "coroutine"), (AsyncIterator, "async iterator"), (Iterator, "iterator")):
            if issubclass(type(value), kind):
                self.items.append(value)
                return {"kept": [len(self.items) - 1, name]}
        return encode_further(value, depth)

    def run(self, awaitable):
        self.loop = self.loop or asyncio.new_event_loop()
        return self.loop.run_until_complete(awaitable)

    def next_of(self, number):
        """[item] of an iterator, [] at its end; [result] of a coroutine."""
        item = self.items[number]
        if isinstance(item, Coroutine):
            return [self.run(item)]
        try:
            return [self.run(item.__anext__()) if isinstance(item, AsyncIterator) else next(item)]
        except (StopIteration, StopAsyncIteration):
            return []


def encode_further(value, depth=0):
    """Raises Refused for any other kind."""
    kind = type(value)
    name = kind.__name__
    plain = lambda item: encode(item, depth + 1)
    if kind is range:
        return {"range": [value.start, value.stop, value.step]}
    if kind in VIEWS:
        return {"view": [VIEWS[kind], plain(list(value))]}
    if (kind.__module__, name) in MADE:
        return {"made": [kind.__module__, name, plain(list(value.__reduce__()[1]))]}
    if issubclass(kind, enum.Enum) and not issubclass(kind, tuple(BASES)):
        return {"flag" if issubclass(kind, enum.Flag) else "enum": [name, value.name, plain(value.value)]}
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return {"named": [name, list(kind._fields), plain(list(tuple.__iter__(value)))]}
    if dataclasses.is_dataclass(kind):
        return {"dataclass": [name, [[field.name, plain(getattr(value, field.name))] for field in dataclasses.fields(value)]]}
    if issubclass(kind, Iterator):
        return {"iterator": plain(list(value))}
    for base, plainly in BASES.items():
        if issubclass(kind, base):
            return encode(plainly(value), depth)
    raise Refused(f"a value of type {name}")


def view_of(name, items):
    if name == "values":
        return dict(enumerate(items)).values()
    return dict.fromkeys(items).keys() if name == "keys" else dict(items).items()


def make(module, name, arguments):
    if (module, name) not in MADE:
        raise ValueError(name)
    return getattr(sys.modules.get(module) or __import__(module), name)(*arguments)


@functools.lru_cache(None)
def data_class(name, fields):
    return dataclasses.make_dataclass(name, fields)


@functools.lru_cache(None)
def member(base, kind, name, encoded):
    """The same object for the same value, given as JSON: 1 and True are two, and a list can be one. A flag without bits has no name."""
    value = decode(json.loads(encoded))
    return base(kind, {"_": 1})(value) if name is None else base(kind, {name: value})[name]


DECODERS = {
    "range": lambda inner: range(*inner),
    "view": lambda inner: view_of(inner[0], decode(inner[1])),
    "made": lambda inner: make(inner[0], inner[1], decode(inner[2])),
    "enum": lambda inner: member(enum.Enum, inner[0], inner[1], json.dumps(inner[2])),
    "flag": lambda inner: member(enum.Flag, inner[0], inner[1], json.dumps(inner[2])),
    "named": lambda inner: namedtuple(inner[0], inner[1], rename=True)(*decode(inner[2])),
    "dataclass": lambda inner: data_class(inner[0], tuple(name for name, _ in inner[1]))(*(decode(item) for _, item in inner[1])),
    "iterator": lambda inner: iter(decode(inner)),
}


def asking(kind, ask):
    """A coroutine or iterator of the program, for a test. `ask` gives [item], or [] at the end."""

    async def result():
        return ask()[0]

    async def later():
        while item := ask():
            yield item[0]

    def items():
        while item := ask():
            yield item[0]

    return {"coroutine": result, "async iterator": later, "iterator": items}[kind]()


def let_further_values_pass(encode_more, decoders={}):
    values.MORE[:] = [encode_more]
    values.FROM_TAG.update(DECODERS, **decoders)
