"""Changes that leave a model's function as it is: each a pure function over weights under the zoo's names."""
