"""What each program finds done already in the process that it is forked from."""
import gc

OFTEN_IMPORTED = ("bisect", "copy", "datetime", "functools", "heapq", "itertools", "math", "operator", "random", "re", "string", "typing")


def warm_up():
    for name in OFTEN_IMPORTED:
        __import__(name)
    import random

    random.seed(0)  # with PYTHONHASHSEED, the same program gives the same outputs each time
    gc.collect()
    gc.freeze()
