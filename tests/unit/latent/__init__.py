"""How a space of faces is learned."""
