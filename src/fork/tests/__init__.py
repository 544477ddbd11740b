"""Tests of x.py's parts, on a tiny stand-in base: `./x.py test-tools`. No network, no compiler."""
