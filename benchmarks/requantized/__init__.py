"""Every grid made again by its own rule, and what edits, fine-tunes, calibration and strangers leave of that."""
