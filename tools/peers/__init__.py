"""flowspec beside other PyTorch libraries of normalizing flows: the parts of `compare_peers.py`."""
