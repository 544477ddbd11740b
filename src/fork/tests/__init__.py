"""Tests of x.py's parts, on a tiny stand-in base: `./x.py test src/fork`. No network, no compiler."""
