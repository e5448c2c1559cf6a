"""Stand-ins for models that were disputed in public, made from the sample checkpoints."""
