"""Python values as JSON with tags. Only plain data of exactly these types passes: a subclass could lie about itself.

None, bool, int, str and list stand for themselves; { int } beyond 2^53, { float }, { complex }, { tuple }, { set },
{ frozenset }, { deque }, { dict }, { Counter }, { OrderedDict }, { defaultdict }, { bytes } and { bytearray } are tagged.
"""
import json
from collections import Counter, OrderedDict, defaultdict, deque

DEEPEST = 200  # as in ../src/values.ts
DECIMAL_BITS = 14_000  # Python does not convert longer integers to decimal text, which takes quadratic time

SEQUENCES = {tuple: "tuple", deque: "deque"}
SETS = {set: "set", frozenset: "frozenset"}
MAPPINGS = {dict: "dict", Counter: "Counter", OrderedDict: "OrderedDict", defaultdict: "defaultdict"}
BYTES = {bytes: "bytes", bytearray: "bytearray"}


MORE = []  # encodes what else a test may see of a program; see further_values.py


class Refused(Exception):
    """A value that is not plain data; its text names it."""


def encode(value, depth=0):
    """Raises Refused for any value whose type is not exactly one of those above."""
    if depth > DEEPEST:
        raise Refused("a value nested too deeply")
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        if -(2**53) < value < 2**53:
            return value
        return {"int": str(value) if value.bit_length() < DECIMAL_BITS else hex(value)}
    if kind is float:
        return {"float": repr(value)}
    if kind is list:
        return [encode(item, depth + 1) for item in value]
    if kind in SEQUENCES:
        return {SEQUENCES[kind]: [encode(item, depth + 1) for item in value]}
    if kind in SETS:
        return {SETS[kind]: sorted((encode(item, depth + 1) for item in value), key=json.dumps)}
    if kind in MAPPINGS:
        return {MAPPINGS[kind]: [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in dict.items(value)]}
    if kind is complex:
        return {"complex": [repr(value.real), repr(value.imag)]}
    if kind in BYTES:
        return {BYTES[kind]: value.hex()}
    for encode_more in MORE:
        return encode_more(value, depth)
    raise Refused(f"a value of type {kind.__name__}")


FROM_TAG = {
    "int": lambda text: int(text, 0),
    "float": float,
    "complex": lambda parts: complex(float(parts[0]), float(parts[1])),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "defaultdict": lambda pairs: defaultdict(None, decode_pairs(pairs)),
    "Counter": lambda pairs: Counter(dict(decode_pairs(pairs))),
    **{name: lambda items, kind=kind: kind(map(decode, items)) for kind, name in (SEQUENCES | SETS).items()},
    **{MAPPINGS[kind]: lambda pairs, kind=kind: kind(decode_pairs(pairs)) for kind in (dict, OrderedDict)},
}


def decode_pairs(pairs):
    return [(decode(key), decode(item)) for key, item in pairs]


def decode(value):
    """The inverse; each call makes new values."""
    if type(value) is list:
        return [decode(item) for item in value]
    if type(value) is dict:
        (tag, inner), = value.items()
        return FROM_TAG[tag](inner)
    return value
