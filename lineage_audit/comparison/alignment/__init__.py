"""Which unit of A corresponds to which unit of B, where the numbers were changed.

Each step proposes from some tensors and is verified on others; what was proposed from gate rows alone leaves the
sign-flip test on up and down exact.
"""
