"""``python -m documentation``: write the pages that are made from the code."""

from documentation import write_pages

write_pages()
