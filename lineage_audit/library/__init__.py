"""Known models as fingerprints: made, kept in a library database, and asked who the parent is.

``fingerprint`` makes and compares fingerprints; ``library database`` keeps many in one file; ``prefilter`` and
``identification`` find a subject's nearest relatives among them; ``workers`` makes many on many machines, and ``seeds``
names the widely forked bases that a new library begins with.
"""
