"""Independent pairs by the thousand: how often each exact test rejects what has nothing in common."""
