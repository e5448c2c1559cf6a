"""How much of the weights two models share: by role, by layer and in all."""
