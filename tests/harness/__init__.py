"""Real parts for the tests: databases, Redis, the carrier, a browser and the processes themselves. No stand-ins.

`tests/conftest.py` turns them into fixtures. Each xdist worker has servers of its own, and everything that a test
starts ends with it.
"""
