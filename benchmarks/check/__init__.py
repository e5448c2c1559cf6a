"""Does ``check`` find what is wrong with a model's words, and only that? Repositories with known truth, and a score.

Each case is a small repository, what it is held against, and the findings that are right. ``held_out`` holds cards that
were written before the reader of cards was: its score stands apart, and nothing is tuned on it. ``published`` holds
facts of public repositories that were written down before they were read, and read once; what they showed was mended
then, so that the score of that one reading is the one to quote, and the one printed now is not.
"""
