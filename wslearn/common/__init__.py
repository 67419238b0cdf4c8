"""What every room may import, and what imports none of them."""
