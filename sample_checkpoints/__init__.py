"""Small, really trained checkpoints that tell the Yi / Llama 2 story, and `make.py`, which remakes them."""
