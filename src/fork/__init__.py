"""The parts of x.py: base source, overlay, toolchain, engine, series. Python standard library only."""
