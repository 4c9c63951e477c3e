"""Work on other processes and machines, through dask.distributed (the extra ``cluster``): shelf, workers.

Workers are handed paths and hashes, never large values: what lies on the shelf is read once by each and kept.
"""
