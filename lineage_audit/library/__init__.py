"""Known models as fingerprints: made, kept on a shelf, and asked who the parent is.

``fingerprint`` makes and compares fingerprints; ``shelf`` keeps many in one file; ``prefilter`` and
``identification`` find a subject's nearest relatives among them; ``farm`` makes many on many machines, and ``seeds``
names the widely forked bases that a new library begins with.
"""
