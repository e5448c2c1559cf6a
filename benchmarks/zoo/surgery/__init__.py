"""Changes that make one model from others without training: pure functions over weights under the zoo's names."""
