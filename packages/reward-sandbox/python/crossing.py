"""Exceptions on their way from the program to the statement of the test that expects them, and nowhere else.

Between a call of the program and a `try` or `with` of the test an exception travels as a `Crossing`. No construct that reacts to a
certain exception, such as a loop (StopIteration), `hasattr` (AttributeError) or a generator's `close`, recognizes it. At the edge of
the statement's body it becomes the program's exception; what the statement lets through is a Crossing again:

    try:                                    try:
        BODY                                    try:
    except ValueError:                              try: BODY
        ...                                         except __crossing__ as e: e.arrive()
                                                except ValueError:
                                                    ...
                                            except BaseException as e:
                                                __depart__(e)
                                                raise

One that does not arrive fails the test, even if something has caught it. So does an AssertionError of the test's own `assert`: what a
task, a future or `finally: return` swallows has still failed.
"""
import ast
import builtins

under_way = []
failed = []  # the test's own assertions


class Crossing(BaseException):
    """An exception of the program. `outcome` is the verdict if no statement of the test expects it."""

    def __init__(self, error, outcome):
        super().__init__(*outcome)
        self.error, self.outcome = error, outcome
        under_way.append(self)

    def arrive(self):
        """Raises the program's exception, with the context that it had."""
        if self in under_way:
            under_way.remove(self)
        self.error.__crossing__ = self
        context = self.error.__context__
        try:
            raise self.error
        finally:
            self.error.__context__ = context


def fail(error):
    """Notes an assertion that has failed."""
    if isinstance(error, AssertionError):
        error.__fails__ = True
        failed.append(error)


def expect(error):
    """An assertion has failed where the test may expect that."""
    failed[:] = [each for each in failed if each is not error]


def depart(error):
    """Sends a program's exception on its way again, and an assertion's that nothing has expected."""
    if getattr(error, "__fails__", False):
        fail(error)
    crossing = getattr(error, "__crossing__", None)
    if isinstance(crossing, Crossing):
        under_way.append(crossing)
        raise crossing


def calling(function):
    """A function at whose call the program's exceptions arrive."""

    def call(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Crossing as crossing:
            crossing.arrive()
        except AssertionError as error:
            expect(error)
            raise

    return call


def handler(kind, method, *rest):
    """`except KIND as __crossed__: METHOD`, and the rest."""
    return ast.ExceptHandler(type=ast.Name(kind, ast.Load()), name="__crossed__", body=[ast.Expr(method), *rest])


def guarded(body, *by):
    return ast.Try(body=body, handlers=list(by), orelse=[], finalbody=[])


def told(function):
    """FUNCTION(__crossed__)"""
    return ast.Call(ast.Name(function, ast.Load()), [ast.Name("__crossed__", ast.Load())], [])


def arriving(body):
    crossed = ast.Name("__crossed__", ast.Load())
    arrive = handler("__crossing__", ast.Call(ast.Attribute(crossed, "arrive", ast.Load()), [], []))
    return [guarded(body, arrive, handler("__any__", told("__expect__"), ast.Raise()))]


def departing(statement):
    return guarded([statement], handler("__any__", told("__depart__"), ast.Raise()))


class Edges(ast.NodeTransformer):
    """Puts both around the statements that expect exceptions, and notes assertions that fail."""

    def visit_Assert(self, node):
        self.generic_visit(node)
        return ast.copy_location(guarded([node], handler("__any__", told("__fail__"), ast.Raise())), node)

    def visit_Try(self, node):
        self.generic_visit(node)
        if not node.handlers:
            return node
        node.body = arriving(node.body)
        return ast.copy_location(departing(node), node)

    visit_TryStar = visit_Try

    def visit_With(self, node):
        self.generic_visit(node)
        node.body = arriving(node.body)
        return ast.copy_location(departing(node), node)

    visit_AsyncWith = visit_With


EXPECTING = {"assertRaises", "assertRaisesRegex", "suppress", "raises"}


def names_in(node):
    return [each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)]


def names_expected(tree):
    """Names that a test uses for classes of exceptions, in `except` and `assertRaises`, and for nothing else."""
    expecting = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            expecting += names_in(node.type)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", None)) in EXPECTING:
            expecting += [name for item in node.args for name in names_in(item) if isinstance(item, (ast.Name, ast.Tuple))]
    return {name for name in expecting if expecting.count(name) == names_in(tree).count(name)}


def compile_test(tree):
    """The code of a test, with statements that let exceptions arrive."""
    vars(builtins).update(__crossing__=Crossing, __depart__=depart, __fail__=fail, __expect__=expect, __any__=BaseException)
    return compile(ast.fix_missing_locations(Edges().visit(tree)), "tests.py", "exec")


def let_unittest_expect():
    """`assertRaises(kind, function)` calls the function inside unittest's own code, which also takes what `expectedFailure` expects."""
    from unittest import TestResult
    from unittest.case import _AssertRaisesBaseContext as Context

    add = TestResult.addExpectedFailure

    def add_expected(self, test, failure):
        expect(failure[1])
        add(self, test, failure)

    TestResult.addExpectedFailure = add_expected

    handle = Context.handle

    def handling(self, name, args, kwargs):
        try:
            return handle(self, name, (calling(args[0]), *args[1:]) if args and callable(args[0]) else args, kwargs)
        except BaseException as error:
            depart(error)
            raise

    Context.handle = handling
