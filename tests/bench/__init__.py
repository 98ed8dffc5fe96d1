"""The measurements: `make bench` prints ratios, each from one run of both sides on this machine."""
