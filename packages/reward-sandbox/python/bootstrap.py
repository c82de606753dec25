"""Completed by ../src/python-source.ts, which puts the other files' text into SOURCES: they may not be readable where this runs."""
import sys
import types

sys.path[:] = [folder for folder in sys.path if folder]
package = sys.modules["sandbox"] = types.ModuleType("sandbox")
package.__path__ = []
for name, source in SOURCES.items():
    module = sys.modules[f"sandbox.{name}"] = types.ModuleType(f"sandbox.{name}")
    setattr(package, name, module)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
