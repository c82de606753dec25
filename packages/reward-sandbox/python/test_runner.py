"""Runs test code to its end: its statements, and then the tests that it defines but does not run.

Functions `test...`, `check(candidate)` and unittest's classes are run if the code does not use them itself, as pytest does for a file
or HumanEval's harness for a task.
"""
import ast
import asyncio
import inspect
import sys

from sandbox.candidate import PARSE

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class NotRun(Exception):
    """A test that cannot be run; its text says why."""


class CaseError(Exception):
    """A unittest case that did not finish; its text is the last line of what was raised."""


def names_in(tree):
    """Names that are read somewhere."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def is_test(name):
    return name.startswith("test") or name == "check"


def call_test(function, entry_function):
    """Calls a test function. It may have one argument, the function that is tested: `check` under any name."""
    wanted = [item.name for item in inspect.signature(function).parameters.values() if item.default is item.empty and item.kind in (0, 1)]
    given = wanted[:1] if function.__name__ == "check" else [name for name in wanted[:1] if name == "candidate"]
    if given != wanted or (given and entry_function is None):
        raise NotRun(f"{function.__name__} wants arguments: {', '.join(wanted)}")
    result = function(*[entry_function] * len(given))
    if inspect.iscoroutine(result):
        asyncio.run(result)


def run_functions(tree, scope, entry_function):
    """Functions at the top of the code, and methods of classes that pytest would collect, in their order."""
    named = names_in(tree)
    for node in tree.body:
        name = getattr(node, "name", "")
        if name in named:
            continue
        if isinstance(node, FUNCTIONS) and is_test(name):
            call_test(scope[name], entry_function)
        elif isinstance(node, ast.ClassDef) and name.startswith("Test") and not is_case(scope[name]):
            for method in node.body:
                if isinstance(method, FUNCTIONS) and method.name.startswith("test"):
                    call_test(getattr(scope[name](), method.name), entry_function)


def is_case(value):
    unittest = sys.modules.get("unittest")
    return unittest is not None and isinstance(value, type) and issubclass(value, unittest.TestCase)


def run_cases(cases):
    """unittest's classes."""
    import unittest

    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in cases)
    result = unittest.TestResult()
    suite.run(result)
    for problems in (result.errors, result.failures, [(None, "passed unexpectedly")] * len(result.unexpectedSuccesses)):
        for _, text in problems:
            last = text.strip().splitlines()[-1]
            raise AssertionError(last.removeprefix("AssertionError").removeprefix(": ")) if problems is not result.errors else CaseError(last)
    for case, reason in result.skipped:
        method = getattr(case, getattr(case, "_testMethodName", ""), None)
        if not getattr(case, "__unittest_skip__", False) and not getattr(method, "__unittest_skip__", False):
            raise CaseError(f"skipped: {reason}")  # while it ran, which a program can cause
    if result.testsRun == 0:
        raise CaseError("no test was found")


def starts_cases(tree):
    """Whether the code runs unittest's classes itself."""
    used = names_in(tree) | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(used & {"TextTestRunner", "TestLoader", "TestSuite", "TestResult", "defaultTestLoader", "makeSuite"})


def run_test_code(text, scope, is_unittest, entry_function=None, compiled=lambda tree: compile(tree, "tests.py", "exec")):
    """Runs test code to its end. Raises if a check fails. `compiled` compiles a syntax tree."""
    tree = compile(text, "tests.py", "exec", PARSE)
    written = ast.parse(text)  # `compiled` may change the tree
    exec(compiled(tree), scope)
    run_functions(written, scope, entry_function)
    cases = [value for value in scope.values() if is_case(value) and value.__module__ == scope["__name__"]]
    if is_unittest:
        run_cases(cases)
        return
    names = {node.name for node in ast.walk(written) if isinstance(node, ast.ClassDef)}
    if not starts_cases(written) and (cases := [case for case in cases if case.__name__ in names]):
        run_cases(cases)
