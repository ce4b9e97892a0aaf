"""How fast and how large it is, each figure beside a yardstick measured in the same run. `python -m tests.benchmarks` prints them."""
