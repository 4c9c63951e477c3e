"""Plans and money: what each budget buys, and building by the money of each year."""
