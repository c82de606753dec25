"""Made whole by ../src/local/launch.ts, which puts the other files' text into SOURCES and SCRIPTS: whoever runs this may not be able to read them."""
import gc
import random
import sys
import types

sys.path[:] = [folder for folder in sys.path if folder]
package = sys.modules["sandbox"] = types.ModuleType("sandbox")
package.__path__ = []
for name, source in SOURCES.items():
    module = sys.modules[f"sandbox.{name}"] = types.ModuleType(f"sandbox.{name}")
    setattr(package, name, module)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)

# What programs often import, so that a fork has it already.
for name in ("bisect", "copy", "datetime", "functools", "heapq", "itertools", "math", "operator", "re", "string", "typing"):
    __import__(name)
random.seed(0)  # with PYTHONHASHSEED, the same program gives the same outputs each time
package.engine.SCRIPTS.update(SCRIPTS)
gc.collect()
gc.freeze()
package.supervisor.main()
