"""Who is answerable for what: roles, and the members who hold them."""
