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

One that does not arrive fails the test, even if something has caught it.
"""
import ast
import builtins

under_way = []


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


def depart(error):
    """Sends a program's exception on its way again."""
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

    return call


def handler(kind, method, *rest):
    """`except KIND as __crossed__: METHOD`, and the rest."""
    return ast.ExceptHandler(type=ast.Name(kind, ast.Load()), name="__crossed__", body=[ast.Expr(method), *rest])


def guarded(body, *, by):
    return ast.Try(body=body, handlers=[by], orelse=[], finalbody=[])


def arriving(body):
    crossed = ast.Name("__crossed__", ast.Load())
    return [guarded(body, by=handler("__crossing__", ast.Call(ast.Attribute(crossed, "arrive", ast.Load()), [], [])))]


def departing(statement):
    crossed = ast.Name("__crossed__", ast.Load())
    return guarded([statement], by=handler("__any__", ast.Call(ast.Name("__depart__", ast.Load()), [crossed], []), ast.Raise()))


class Edges(ast.NodeTransformer):
    """Puts both around the statements that expect exceptions."""

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
    vars(builtins).update(__crossing__=Crossing, __depart__=depart, __any__=BaseException)
    return compile(ast.fix_missing_locations(Edges().visit(tree)), "tests.py", "exec")


def let_unittest_expect():
    """`assertRaises(kind, function)` calls the function inside unittest's own code."""
    from unittest.case import _AssertRaisesBaseContext as Context

    handle = Context.handle
    Context.handle = lambda self, name, args, kwargs: handle(self, name, (calling(args[0]), *args[1:]) if args and callable(args[0]) else args, kwargs)
