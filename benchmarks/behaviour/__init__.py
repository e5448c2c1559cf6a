"""Models whose answers were learnt from others, and how well `behave` tells whose."""
