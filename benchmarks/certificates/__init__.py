"""Certificates of the zoo: which can be written and verified, and what tamperers and forgers get through."""
