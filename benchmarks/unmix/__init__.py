"""How closely `unmix` recovers merges whose recipes are known."""
