"""Published models on the Hub, in pairs whose relation is known, as anyone with a network can audit them."""
