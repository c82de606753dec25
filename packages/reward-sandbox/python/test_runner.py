"""Runs test code to its end: its statements, and then the tests that it defines but does not run.

Functions `test...`, `check(candidate)` and unittest's classes are run if the code does not use them itself, as pytest does for a file
or HumanEval's harness for a task.
"""
import ast
import asyncio
import builtins
import inspect
import sys

from sandbox.candidate import PARSE

FILE = "tests.py"


class NotRun(Exception):
    """A test that cannot be run; its text says why."""


class CaseError(Exception):
    """A unittest case that did not finish; its text is the last line of what was raised."""


def names_in(tree):
    """Names that are read somewhere."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


class Marks(ast.NodeTransformer):
    """Makes each function say when it starts, so that tests that nothing calls are known, whatever the code does with their names."""

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        has_text = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
        node.body.insert(int(has_text), ast.copy_location(ast.Expr(self.mark()), node))
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        self.generic_visit(node)
        node.body = ast.copy_location(ast.BoolOp(ast.Or(), [self.mark(), node.body]), node.body)
        return node

    def mark(self):
        return ast.Call(ast.Name("__started__", ast.Load()), [], [])


def code_of(function):
    """The code of a test's function, without what `functools.wraps` put around it; None for anything else."""
    code = getattr(inspect.unwrap(function), "__code__", None) if inspect.isfunction(function) else None
    return code if getattr(code, "co_filename", "") == FILE else None


def is_test(name):
    return name.startswith("test") or name == "check"


def call_test(function, entry_function, is_named=False):
    """Calls a test function. It may have one argument, the function that is tested: `check` under any name. One with other arguments is
    not called if the code has its name elsewhere: that is where they come from."""
    parameters = [item for item in inspect.signature(function).parameters.values() if item.kind in (0, 1)]
    wanted = [item.name for item in parameters if item.default is item.empty]
    given = ["candidate"] if [item.name for item in parameters[:1]] == ["candidate"] else wanted[:1] if function.__name__ == "check" else []
    if is_named and wanted:
        return
    if wanted not in (given, []) or (given and entry_function is None):
        raise NotRun(f"{function.__name__} wants arguments: {', '.join(wanted)}")
    result = function(*[entry_function] * len(given))
    if inspect.iscoroutine(result):
        asyncio.run(result)
    if inspect.isgenerator(result):
        for _ in result:
            pass


def methods_of(kind):
    """Its test methods by name, inherited ones first."""
    return {name: getattr(kind, name) for base in reversed(kind.__mro__) for name in vars(base) if name.startswith("test")}


def run_methods(kind, has_started):
    """The methods of a class that pytest would collect, each on an object of its own, and those of the classes in it."""
    waiting = [name for name, method in methods_of(kind).items() if code_of(method) is not None and not has_started(method)]
    if waiting and hasattr(kind, "setup_class"):
        kind.setup_class()
    for name in waiting:
        case = kind()
        for step in ("setup_method", name, "teardown_method"):
            if hasattr(case, step):
                call_test(getattr(case, step), None)
    for name, inner in list(vars(kind).items()):
        if inspect.isclass(inner) and name.startswith("Test"):
            run_methods(inner, has_started)


def run_functions(new, named, has_started, entry_function):
    """Functions and classes that pytest would collect, in their order, unless the code has called them."""
    waiting = [(name, item) for name, item in new.items() if is_test(name) and code_of(item) is not None and not has_started(item)]
    for name, function in waiting:
        call_test(function, entry_function, name in named)
    for name, kind in new.items():
        if name.startswith("Test") and inspect.isclass(kind) and not is_case(kind):
            run_methods(kind, has_started)


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


def watch_failures(text):
    """Failures that unittest and doctest report, also to test code that does not look at the result."""
    failures = []
    places = []
    if "unittest" in text:
        import unittest

        places += [(unittest.TestResult, name) for name in ("addFailure", "addError", "addSubTest", "addUnexpectedSuccess")]
    if "doctest" in text:
        import doctest

        places += [(doctest.DocTestRunner, name) for name in ("report_failure", "report_unexpected_exception")]
    for kind, name in places:

        def report(self, *args, original=getattr(kind, name), name=name):
            if args[-1] is not None:  # a subtest without an error
                failures.append(name)
            return original(self, *args)

        setattr(kind, name, report)
    return failures


def run_test_code(text, scope, is_unittest, entry_function=None, compiled=lambda tree: compile(tree, FILE, "exec")):
    """Runs test code to its end. Raises if a check fails. `compiled` compiles a syntax tree."""
    tree = compile(text, FILE, "exec", PARSE)
    named = names_in(tree)
    started, before = set(), dict(scope)
    vars(builtins)["__started__"] = lambda: started.add(sys._getframe(1).f_code)
    has_started = lambda function: code_of(function) in started
    failures = watch_failures(text)
    exec(compiled(ast.fix_missing_locations(Marks().visit(tree))), scope)
    new = {name: value for name, value in scope.items() if before.get(name) is not value}
    run_functions(new, named, has_started, entry_function)
    cases = [value for value in (scope if is_unittest else new).values() if is_case(value) and value.__module__ == scope["__name__"]]
    if cases := [case for case in cases if is_unittest or not any(map(has_started, methods_of(case).values()))]:
        run_cases(cases)
    elif is_unittest:
        raise CaseError("no test was found")
    if failures:
        raise AssertionError("a failure that the test reports")
